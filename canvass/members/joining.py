"""Joining by links with a code, which anybody may have.

The database has only the hashes of the codes. A code can still be shown again on the campaign's page,
since it is computed from the link's id and the server's secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, bindparam, select, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, tokens
from canvass.core.db import Base, Id, built_once, is_id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, organisations, people, throttle
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.members.tickets import Gone

# Wrong join codes from everybody together. Many more than a full hall mistypes; far too few to search 2^40 codes.
TRIES, TRIES_WINDOW = 300, timedelta(minutes=10)


class JoinLink(Base):
    """A link by which anybody can join as a volunteer, until it expires or is withdrawn."""

    __tablename__ = "join_links"
    # One that is not withdrawn for each campaign of an organisation, and one for each shift.
    __table_args__ = (
        Index(
            "uq_join_links_organisation_id_campaign_id",
            "organisation_id",
            "campaign_id",
            unique=True,
            sqlite_where=text("shift_id IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("shift_id IS NULL AND withdrawn_at IS NULL"),
        ),
        Index(
            "uq_join_links_shift_id",
            "shift_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    campaign_id: Mapped[str] = mapped_column(Id, index=True)
    # For a link to one shift: whoever joins by it is also signed up for that.
    shift_id: Mapped[str | None] = mapped_column(Id, index=True)
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def last_on(self) -> date:
        """The last Swedish day on which it works."""
        return clock.local_day(self.expires_at - timedelta(seconds=1))


def link(organisation: Organisation, campaign_id: str, last_day: date, secret: str) -> JoinLink:
    """Return the link to a campaign for this organisation's volunteers, made when there is none that works.

    It works until a week after the campaign's last day.
    """
    known = current_link(organisation.id, campaign_id)
    return known if known is not None else _new_link(organisation, campaign_id, last_day, secret)


def current_link(organisation_id: str, campaign_id: str) -> JoinLink | None:
    """Return the organisation's link to a campaign that works now; None when there is none."""
    return session.scalar(_current_link(organisation_id, campaign_id), {"now": clock.now()})


@built_once
def _current_link(organisation_id: str, campaign_id: str) -> Select[JoinLink]:
    return select(JoinLink).where(
        JoinLink.organisation_id == organisation_id,
        JoinLink.campaign_id == campaign_id,
        JoinLink.shift_id.is_(None),
        JoinLink.withdrawn_at.is_(None),
        JoinLink.expires_at > bindparam("now"),
    )


def current_shift_link(shift_id: str) -> JoinLink | None:
    """Return the link to one shift that works now; None when there is none."""
    return session.scalar(
        select(JoinLink).where(
            JoinLink.shift_id == shift_id, JoinLink.withdrawn_at.is_(None), JoinLink.expires_at > clock.now()
        )
    )


def link_to_shift(
    organisation: Organisation, campaign_id: str, shift_id: str, expires_at: datetime, secret: str
) -> JoinLink:
    """Return the link to one shift, made when there is none that works."""
    known = current_shift_link(shift_id)
    return known if known is not None else _add_link(organisation, campaign_id, expires_at, secret, shift_id)


def prolong_shift(shift_id: str, expires_at: datetime) -> None:
    """Change when the links to a shift expire, sooner or later than before."""
    for known in session.scalars(select(JoinLink).where(JoinLink.shift_id == shift_id)):
        known.expires_at = expires_at


def prolong(campaign_id: str, last_day: date) -> None:
    """Let a campaign's links work until a week after its new last day, but never for a shorter time than before."""
    query = select(JoinLink).where(
        JoinLink.campaign_id == campaign_id, JoinLink.shift_id.is_(None), JoinLink.withdrawn_at.is_(None)
    )
    for known in session.scalars(query):
        known.expires_at = max(known.expires_at, _end_of(last_day))


def withdraw(known: JoinLink, last_day: date, secret: str, *, by: Person) -> JoinLink:
    """Withdraw a campaign's link and return a new one."""
    known.withdrawn_at = clock.now()
    session.flush()  # before the new one is inserted: only one may work
    audit.record("joining.withdraw", person_id=by.id, organisation_id=known.organisation_id, campaign=known.campaign_id)
    return _new_link(known.organisation, known.campaign_id, last_day, secret)


def code(known: JoinLink, secret: str) -> str:
    """Return the code as it is printed: eight letters and digits in two groups, without I, O, 0 and 1."""
    digest = hmac.new(secret.encode(), known.id.encode(), hashlib.sha256).digest()
    letters = base64.b32encode(digest[:5]).decode().translate(_READABLE)
    return f"{letters[:4]}-{letters[4:]}"


def with_code(typed: str) -> JoinLink:
    """Return the link with this code. Raises Gone, or throttle.TooManyTries after too many wrong codes.

    A right code works even then: somebody who guesses must not keep a hall full of volunteers out.
    """
    found = session.scalar(select(JoinLink).where(JoinLink.code_hash == tokens.hashed(_plain(typed))))
    if found is None and throttle.is_blocked("join", TRIES, TRIES_WINDOW):
        raise throttle.TooManyTries
    if found is None:
        raise Gone(_("Koden finns inte. Kontrollera att du skrivit rätt."))
    if found.withdrawn_at or found.expires_at <= clock.now():
        raise Gone(_("Koden gäller inte längre. Be om en ny."))
    return found


def note_wrong_code() -> None:
    """Count one wrong code towards the limit; `with_code` does not."""
    throttle.count("join", TRIES_WINDOW)


def associations(known: JoinLink) -> list[Organisation]:
    """Return the associations at or beneath the link's organisation to choose from; itself when there are none."""
    lines = [node for _depth, node in organisations.tree([known.organisation_id])]
    return [node for node in lines if node.kind == "association"] or [known.organisation]


def join(
    known: JoinLink,
    name: str,
    association: Organisation,
    person: Person | None = None,
    *,
    is_guest: bool = False,
    form_id: str = "",
) -> Person:
    """Make `person`, or a new person, a volunteer of `association`, and return them. Raises Refused.

    A guest may log there from now on, but stays with their own association. Nobody gets a second role for what an
    earlier one allows. The same form sent again, which `form_id` tells, makes no second person.
    """
    if association.id not in {node.id for node in associations(known)}:
        raise Refused({"association": _("Välj en förening i listan.")})
    if person is None:
        person = people.add_once(_person_id(known, name, form_id), name, association)
    elif not is_guest:
        people.log_for(person, association)
    if not access.may(person, "attempt.log", association.id):
        people.grant(person, "volunteer", association, by=person.id)
    return person


def _person_id(known: JoinLink, name: str, form_id: str) -> str:
    """Return the id of the person whom this form makes; another name, link or form makes another person."""
    if not is_id(form_id):
        return new_id()
    said = f"{known.id} {known.code_hash} {form_id} {people.checked_name(name)}"
    return str(uuid.UUID(bytes=hashlib.sha256(said.encode()).digest()[:16], version=4))


def _new_link(organisation: Organisation, campaign_id: str, last_day: date, secret: str) -> JoinLink:
    return _add_link(organisation, campaign_id, _end_of(max(last_day, clock.today())), secret)


def _add_link(
    organisation: Organisation, campaign_id: str, expires_at: datetime, secret: str, shift_id: str | None = None
) -> JoinLink:
    # One that has expired makes room, and does not work again when the campaign is prolonged.
    whose = JoinLink.shift_id == shift_id
    if shift_id is None:
        whose = JoinLink.shift_id.is_(None) & (JoinLink.organisation_id == organisation.id)
    expired = (JoinLink.campaign_id == campaign_id) & whose & JoinLink.withdrawn_at.is_(None)
    expired &= JoinLink.expires_at <= clock.now()
    session.execute(update(JoinLink).where(expired).values(withdrawn_at=clock.now()))
    made = JoinLink(
        id=new_id(), organisation=organisation, campaign_id=campaign_id, shift_id=shift_id, expires_at=expires_at
    )
    made.code_hash = tokens.hashed(_plain(code(made, secret)))
    session.add(made)
    session.flush()
    return made


def _end_of(last_day: date) -> datetime:
    """Return the moment a week after the campaign's last day has ended."""
    return clock.at(last_day + timedelta(days=8))


def _plain(typed: str) -> str:
    return "".join(c for c in typed.upper() if c.isalnum())


# Base32 already lacks 0, 1, 8 and 9; I and O are still taken for digits, so they become 8 and 9.
_READABLE = str.maketrans("IO", "89")
