"""Quarantine: operations that could not be counted, kept whole until a leader admits or dismisses them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock
from canvass.core.db import Base, Id, among, built_once, connection, new_id, peek, rows_of, session, table
from canvass.core.i18n import gettext as _
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# Reasons that leave only dismissing: the operation cannot be understood, cannot be true, or is somebody else's.
HOPELESS = frozenset(
    {"malformed", "schema", "campaign_unknown", "outcome_unknown", "number", "other_campaign", "not_yours"}
)

_IS_UNDECIDED, _IS_DECIDED = text("decision = ''"), text("decision <> ''")

# How much of one person, and of one phone, may wait for a decision; the rest waits on the phone.
MOST_UNDECIDED = 200


class Held(Base):
    """An operation in quarantine, uncounted unless admitted; kept after the decision."""

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("operation_id", "digest"),
        *(
            Index(f"ix_quarantine_{name}", name, sqlite_where=_IS_UNDECIDED, postgresql_where=_IS_UNDECIDED)
            for name in ("author_id", "installation_id")
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    operation_id: Mapped[str] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(String(64))
    raw: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(30))
    author_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    # Whose leaders judge it: those of the organisation it would count for, else those of the author's association.
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # The phone it came from, the campaign it names if there is that one, and the Swedish day it speaks of.
    installation_id: Mapped[str | None] = mapped_column(Id)
    campaign_id: Mapped[str | None] = mapped_column(Id)
    evening: Mapped[date]
    received_at: Mapped[datetime]
    decision: Mapped[str] = mapped_column(String(10), default="")  # '', admitted or dismissed
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))

    author: Mapped[Person] = relationship(foreign_keys=author_id, lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def data(self) -> dict[str, Any]:
        """The operation as the phone wrote it, as far as it can be read."""
        try:
            return read(self.raw)
        except RecursionError:  # the stack was shallower when it was received
            return {}


def sentence(code: str) -> str:
    """The reason for a quarantine, in words for the volunteer and the leader."""
    return {
        "malformed": _("Uppgifterna gick inte att läsa."),
        "schema": _("Appen på telefonen är nyare än servern."),
        "conflict": _("Telefonen har skickat två olika uppgifter med samma nummer."),
        "campaign_unknown": _("Kampanjen finns inte."),
        "campaign_not_open": _("Kampanjen har inte öppnat än."),
        "campaign_closed": _("Kampanjen var avslutad."),
        "not_member": _("Den som loggade är inte med i kampanjen."),
        "area_unknown": _("Området finns inte i kampanjen."),
        "outcome_unknown": _("Utfallet finns inte för det sättet att samtala."),
        "number": _("Antalet är orimligt."),
        "other_campaign": _("Försöket hör till en annan kampanj."),
        "not_yours": _("Försöket loggades av någon annan."),
        "corrected": _("Den som loggade har rättat försöket sedan dess, och rättelsen gäller."),
        "failed": _("Servern kunde inte spara uppgifterna."),
        "dismissed": _("En kampanjledare har avfärdat den."),
    }[code]


_READER = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) < 20 else digits)


def read(raw: str) -> dict[str, Any]:
    """An operation's text as far as Python can read it. Raises RecursionError when it nests too deep.

    Whole numbers of 20 digits and more stay text: Python refuses to convert the longest.
    """
    found = _READER.decode(raw)
    return found if isinstance(found, dict) else {}


def hold(operations: Iterable[Mapping[str, Any]]) -> None:
    """Keep operations as they came, by the names of the columns. Raises IntegrityError for one that is kept already."""
    now = clock.now()
    defaults = {"received_at": now, "decision": "", "installation_id": None, "campaign_id": None}
    defaults |= {"evening": clock.local_day(now)}
    rows = [{**defaults, "id": new_id(), **each} for each in operations]
    if rows:
        connection().execute(_HOLD, sorted(rows, key=lambda row: (row["operation_id"], row["digest"])))


def room(author_ids: Iterable[str], installation_ids: Iterable[str]) -> dict[str, int]:
    """How many more operations of each person and of each phone may be held now, by their ids."""
    found = dict.fromkeys((*author_ids, *installation_ids), MOST_UNDECIDED)
    for statement, ids in ((_WAITING_OF, author_ids), (_WAITING_FROM, installation_ids)):
        for id_, number in rows_of(statement, set(ids)):
            found[id_] -= number
    return found


def decisions(operation_ids: Iterable[str]) -> dict[tuple[str, str], tuple[str, str]]:
    """Why these operations are held, and what was decided: (code, decision) by (operation id, digest)."""
    return {(row[0], row[1]): (row[2], row[3]) for row in rows_of(_DECISIONS, operation_ids)}


def to_review(organisation_ids: list[str]) -> int:
    """How many held operations wait for a decision at these organisations and beneath."""
    return session.scalar(_to_review(tuple(organisation_ids))) or 0


def glance(organisation_ids: list[str]) -> int:
    """The same, read beside the session: for the menu of every page."""
    return int(peek(_to_review(tuple(organisation_ids)))[0][0])


@built_once
def _to_review(organisation_ids: tuple[str, ...]) -> Select[int]:
    return select(func.count(Held.id)).where(
        Held.organisation_id.in_(organisations.beneath_any(organisation_ids)), _IS_UNDECIDED
    )


def held(organisation_ids: list[str], *, is_decided: bool = False, campaign_id: str | None = None) -> list[Held]:
    """The held operations of these organisations and beneath, the latest first; at most 500.

    With a campaign only those of it, or of none that is known.
    """
    query = select(Held).where(*_at(organisation_ids, campaign_id), _IS_DECIDED if is_decided else _IS_UNDECIDED)
    return list(session.scalars(query.order_by(Held.received_at.desc(), Held.id.desc()).limit(500)))


class Group(NamedTuple):
    """Undecided operations that are alike: of one person, held for one reason, of one evening in one campaign."""

    latest: Held
    number: int


def alike(one: Held) -> tuple[Any, ...]:
    """What is the same for all of a group."""
    return (one.organisation_id, one.author_id, one.code, one.evening, one.campaign_id)


def groups(organisation_ids: list[str], campaign_id: str | None = None) -> list[Group]:
    """What waits for a decision as `held` gives it, in groups, those with the latest first; at most 100."""
    latest = func.max(Held.id)
    query = select(latest, func.count()).where(*_at(organisation_ids, campaign_id), _IS_UNDECIDED)
    rows = session.execute(query.group_by(*_ALIKE).order_by(latest.desc()).limit(100)).all()
    known = {one.id: one for one in session.scalars(select(Held).where(Held.id.in_([id_ for id_, _number in rows])))}
    return [Group(known[id_], number) for id_, number in rows]


def group_of(one: Held) -> list[Held]:
    """All undecided operations of its group, locked."""
    same = [column.is_not_distinct_from(value) for column, value in zip(_ALIKE, alike(one), strict=True)]
    query = select(Held).where(*same, _IS_UNDECIDED).order_by(Held.id).with_for_update(of=Held)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def dismiss(some: Sequence[Held], *, by: Person) -> None:
    """Decide that they are not counted; they are kept."""
    decide(some, "dismissed", by)


def decide(some: Sequence[Held], decision: str, by: Person, campaign_owner_id: str | None = None) -> None:
    """Note the decision on operations of one organisation, in the audit of whoever owns the campaign too.

    `sync.admit` counts them before it calls this.
    """
    for one in some:
        one.decision, one.decided_at, one.decided_by_id = decision, clock.now(), by.id
    first = some[0]
    for organisation_id in dict.fromkeys([first.organisation_id, campaign_owner_id or first.organisation_id]):
        details = {"held": first.id, "code": first.code, "number": len(some)}
        audit.record(f"quarantine.{decision}", person_id=by.id, organisation_id=organisation_id, **details)


def _at(organisation_ids: list[str], campaign_id: str | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Held.organisation_id.in_(organisations.beneath_any(organisation_ids))]
    if campaign_id is not None:
        found.append((Held.campaign_id == campaign_id) | Held.campaign_id.is_(None))
    return found


_ALIKE = (Held.organisation_id, Held.author_id, Held.code, Held.evening, Held.campaign_id)
_TABLE = table(Held)
_WAITING_OF, _WAITING_FROM = (
    select(column, func.count()).where(among(column), _IS_UNDECIDED).group_by(column)
    for column in (_TABLE.c.author_id, _TABLE.c.installation_id)
)
_HOLD = insert(_TABLE)
_DECISIONS = select(_TABLE.c.operation_id, _TABLE.c.digest, _TABLE.c.code, _TABLE.c.decision)
_DECISIONS = _DECISIONS.where(among(_TABLE.c.operation_id))
