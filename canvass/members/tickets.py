"""Tickets: links that are meant for one person, such as an invitation.

The database has only the hashes of their tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, tokens
from canvass.core.db import Base, Id, is_reading, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import organisations, passwords, people, sessions
from canvass.members.organisations import Organisation
from canvass.members.people import Person

INVITATION_TIME = timedelta(days=14)


class Ticket(Base):
    """A link of one person's: `setup` of a new installation, `invitation` to a role, `sign_in` without a password.

    Those work once. A `back` link is a volunteer's own, works again and again, and can be shown again: its token is
    computed from the id and the server's secret.
    """

    __tablename__ = "tickets"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Organisation.id))
    role: Mapped[str] = mapped_column(String(20), default="")
    person_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    invited_by_id: Mapped[str | None] = mapped_column(Id)
    # Whom an invitation is for, as the inviter wrote it; cleared when the ticket is spent.
    note: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]

    organisation: Mapped[Organisation | None] = relationship(lazy="joined")


class Gone(LookupError):
    """There is no such link or code, or it is spent, expired or withdrawn; the message is a sentence to show."""


# --- the way back -------------------------------------------------------------------------------------------


def way_back(person: Person) -> Ticket | None:
    """Return the volunteer's own link, None when they have none that works."""
    query = select(Ticket).where(
        Ticket.kind == "back", Ticket.person_id == person.id, Ticket.spent_at.is_(None), Ticket.expires_at > clock.now()
    )
    return session.scalar(query.order_by(Ticket.created_at.desc()).limit(1))


def make_way_back(person: Person, secret: str) -> Ticket:
    """Give the volunteer a link of their own; the earlier one stops working. Raises Refused for anybody else."""
    if not people.is_plain_volunteer(person):
        raise Refused(_("Du loggar in med ditt lösenord."))
    for earlier in session.scalars(select(Ticket).where(Ticket.kind == "back", Ticket.person_id == person.id)):
        earlier.spent_at = earlier.spent_at or clock.now()
    made, _token = _new_ticket("back", sessions.VOLUNTEER_SESSION)
    made.id, made.person_id = new_id(), person.id
    made.token_hash = tokens.hashed(way_back_token(made, secret))
    session.flush()
    return made


def way_back_token(known: Ticket, secret: str) -> str:
    """Return the secret part of the link."""
    digest = hmac.new(secret.encode(), f"back {known.id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def whose_way_back(known: Ticket) -> Person:
    """Return the volunteer whose link it is. Raises Gone for somebody who is more by now."""
    person = people.present(session.get_one(Person, known.person_id))
    if not people.is_plain_volunteer(person):
        raise Gone(_("Du loggar in med ditt lösenord."))
    return person


def prolong_way_back(known: Ticket) -> None:
    """Let the link work for another year and more."""
    known.expires_at = clock.now() + sessions.VOLUNTEER_SESSION


# --- leaders and above --------------------------------------------------------------------------------------


def invite(organisation: Organisation, role: str, note: str, *, by: Person) -> tuple[Ticket, str]:
    """Return a new invitation to a role at the organisation, and its token. Raises Refused."""
    if role not in people.ROLES:
        raise Refused({"role": _("Välj en roll.")})
    ticket, token = _new_ticket("invitation", INVITATION_TIME)
    ticket.organisation, ticket.role, ticket.invited_by_id = organisation, role, by.id
    ticket.note = " ".join(note.split())[:60]
    session.flush()
    audit.record("joining.invite", person_id=by.id, organisation_id=organisation.id, role=role, ticket=ticket.id)
    return ticket, token


def invitations(organisation_ids: list[str]) -> list[Ticket]:
    """Return the invitations to these organisations and those beneath that can still be used, the newest first."""
    query = select(Ticket).where(
        Ticket.kind == "invitation",
        Ticket.spent_at.is_(None),
        Ticket.expires_at > clock.now(),
        Ticket.organisation_id.in_(organisations.beneath_any(organisation_ids)),
    )
    return list(session.scalars(query.order_by(Ticket.created_at.desc())))


def withdraw_invitation(ticket: Ticket, *, by: Person) -> None:
    """Withdraw an invitation, which is then spent."""
    audit.record("joining.uninvite", person_id=by.id, organisation_id=ticket.organisation_id, ticket=ticket.id)
    spend(ticket)


def accept(ticket: Ticket, name: str, email: str, password: str, person: Person | None = None) -> Person:
    """Give the role of the invitation to `person`, or to a new person, and return them. Raises Refused."""
    assert ticket.organisation is not None
    if person is None:
        people.checked_name(name)
        password_hash = passwords.hashed(password)
        person = people.add(name, ticket.organisation, email=email)
        person.password_hash = password_hash
    elif person.password_hash is None:
        passwords.give(person, email, passwords.hashed(password))
    if ticket.role != "volunteer":
        begin_anew(person)
    people.grant(person, ticket.role, ticket.organisation, by=ticket.invited_by_id)
    spend(ticket)
    return person


def setup_token() -> str:
    """Return the token of a new set-up link; the earlier one stops working."""
    session.execute(delete(Ticket).where(Ticket.kind == "setup"))
    return _new_ticket("setup", timedelta(days=30))[1]


def sign_in_token(person: Person, *, by: Person | None = None, organisation: Organisation | None = None) -> str:
    """Return the token of a link that signs the person in once; their earlier ones stop working.

    `by` is who hands it out, for a role at `organisation`; None for the operator.
    """
    if by is not None and organisation is not None:
        audit.record("joining.sign_in_link", person_id=by.id, organisation_id=organisation.id, member=person.id)
    session.execute(delete(Ticket).where(Ticket.kind == "sign_in", Ticket.person_id == person.id))
    ticket, token = _new_ticket("sign_in", timedelta(days=30))
    ticket.person_id, ticket.invited_by_id = person.id, by.id if by else None
    return token


def begin_anew(person: Person) -> None:
    """End every session of the person and every link that lets somebody in as them: they are about to get a role.

    Whoever could come in as a volunteer must not be an administrator afterwards.
    """
    sessions.end_all(person)
    withdraw(person)


def withdraw(person: Person) -> None:
    """Withdraw the links that let somebody in as the person."""
    _spend_all(Ticket.person_id.in_(people.ids(person)))


def withdraw_given_by(person: Person) -> None:
    """Withdraw the invitations and sign-in links that the person has handed out: a role of theirs was taken away."""
    _spend_all(Ticket.invited_by_id.in_(people.ids(person)))


def find(kind: str, token: str) -> Ticket:
    """Return the ticket with this token. Raises Gone when it is spent or expired, or when there is none.

    It is locked, so that it is spent once, unless this transaction only reads.
    """
    query = select(Ticket).where(Ticket.kind == kind, Ticket.token_hash == tokens.hashed(token))
    found = session.scalar(query if is_reading() else query.with_for_update(of=Ticket))
    if found is None or found.spent_at or found.expires_at <= clock.now():
        raise _gone()
    return found


def spend(used: Ticket) -> None:
    """Mark the ticket as used. Raises Gone when somebody has used it since it was read, as during a password's hash."""
    session.refresh(used, with_for_update={"of": Ticket})
    if used.spent_at:
        raise _gone()
    used.spent_at = clock.now()
    used.note = ""


def _spend_all(condition: ColumnElement[bool]) -> None:
    unspent = update(Ticket).where(condition, Ticket.spent_at.is_(None)).values(spent_at=clock.now(), note="")
    session.execute(unspent, execution_options={"synchronize_session": False})
    session.expire_all()


def _gone() -> Gone:
    return Gone(_("Länken är redan använd eller har gått ut. Be om en ny."))


def _new_ticket(kind: str, lasts: timedelta) -> tuple[Ticket, str]:
    session.execute(delete(Ticket).where(Ticket.expires_at < clock.now() - timedelta(days=90)))
    token = tokens.new()
    made = Ticket(kind=kind, token_hash=tokens.hashed(token), expires_at=clock.now() + lasts)
    session.add(made)
    return made, token
