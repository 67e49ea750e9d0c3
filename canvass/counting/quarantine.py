"""Quarantine: operations that could not be counted, kept whole until a leader admits or dismisses them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock
from canvass.core.db import Base, Id, among, connection, new_id, rows_of, session, table
from canvass.core.i18n import gettext as _
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# Reasons that leave only dismissing: the operation cannot be understood, cannot be true, or is somebody else's.
HOPELESS = frozenset(
    {"malformed", "schema", "campaign_unknown", "outcome_unknown", "number", "other_campaign", "not_yours"}
)

_IS_UNDECIDED = text("decision = ''")

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
    query = select(func.count(Held.id)).where(
        Held.organisation_id.in_(organisations.beneath_any(organisation_ids)), Held.decision == ""
    )
    return session.scalar(query) or 0


def held(organisation_ids: list[str], *, is_decided: bool = False) -> list[Held]:
    """The held operations of these organisations and beneath, the latest first; at most 500."""
    query = select(Held).where(
        Held.organisation_id.in_(organisations.beneath_any(organisation_ids)),
        Held.decision != "" if is_decided else Held.decision == "",
    )
    return list(session.scalars(query.order_by(Held.received_at.desc()).limit(500)))


def dismiss(one: Held, *, by: Person) -> None:
    """Decide that it is not counted; it is kept."""
    decide(one, "dismissed", by)


def decide(one: Held, decision: str, by: Person, campaign_owner_id: str | None = None) -> None:
    """Note the decision, in the audit of whoever owns the campaign too. `sync.admit` counts before it calls this."""
    one.decision, one.decided_at, one.decided_by_id = decision, clock.now(), by.id
    for organisation_id in dict.fromkeys([one.organisation_id, campaign_owner_id or one.organisation_id]):
        audit.record(
            f"quarantine.{decision}", person_id=by.id, organisation_id=organisation_id, held=one.id, code=one.code
        )


_TABLE = table(Held)
_WAITING_OF, _WAITING_FROM = (
    select(column, func.count()).where(among(column), _IS_UNDECIDED).group_by(column)
    for column in (_TABLE.c.author_id, _TABLE.c.installation_id)
)
_HOLD = insert(_TABLE)
_DECISIONS = select(_TABLE.c.operation_id, _TABLE.c.digest, _TABLE.c.code, _TABLE.c.decision)
_DECISIONS = _DECISIONS.where(among(_TABLE.c.operation_id))
