"""Persons, what they are where, and how a browser or a phone is known to be theirs."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, i18n
from canvass.core.db import Base, Id, in_batches, insert, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import organisations
from canvass.members.organisations import Organisation

# From the least to the most. Access rules (access.py) say what each may do.
ROLES = ("volunteer", "leader", "board", "admin")
PASSWORD_LENGTH = 10
# A volunteer's phone stays signed in over the summer; a leader's screen does not.
VOLUNTEER_SESSION = timedelta(days=400)
LEADER_SESSION = timedelta(days=30)
# How stale `seen_at` may be before it is written again: reading a page should rarely cost a write.
SEEN_EVERY = timedelta(hours=6)
# Wrong passwords for one e-mail address, before it has to rest.
TRIES, TRIES_WINDOW = 10, timedelta(minutes=15)

# A session's id, and the ids of its person's memberships.
Standing = tuple[str, frozenset[str]]

# DESIGN chapter 7: time 2, memory 19 MiB, one lane (OWASP's recommendation for argon2id).
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Person(Base):
    """Somebody who logs, leads or follows up. A volunteer is a first name and an association, nothing more."""

    __tablename__ = "persons"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="sv")
    association_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    association: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    memberships: Mapped[list[Membership]] = relationship(back_populates="person", cascade="all, delete-orphan")


class Membership(Base):
    """A role at a node of the tree; it reaches everything beneath."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id", "role"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class Session(Base):
    """A signed-in browser. It reads and administers, and its owner can end it from any other."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    label: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Device(Base):
    """A phone that may hand in its person's operations, and nothing else, long after the session has ended."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    label: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Try(Base):
    """How often something secret has been guessed at lately. Keys are hashes: no address is kept."""

    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]


class Resting(Exception):
    """Too many wrong tries; wait."""


# --- persons and memberships --------------------------------------------------------------------------------


def role_name(role: str) -> str:
    """What a role is called in the interface."""
    return {
        "volunteer": _("Samtalare"),
        "leader": _("Kampanjledare"),
        "board": _("Styrelse"),
        "admin": _("Administratör"),
    }[role]


def first_name(name: str | None) -> str:
    """Enough of a name among people who meet; nothing for nobody's."""
    return name.split()[0] if name else ""


def add(name: str, association: Organisation, *, email: str | None = None, password: str | None = None) -> Person:
    """A new person who logs for `association`. Raises Refused."""
    person = Person(
        name=checked_name(name), association_id=association.id, association=association, language=i18n.language()
    )
    if email is not None:
        person.email = unused_email(email)
    if password is not None:
        person.password_hash = _hasher.hash(checked_password(password))
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError:  # somebody else took the address just now
        raise Refused({"email": _("Det finns redan någon med den e-postadressen.")}) from None
    return person


def give_password(person: Person, email: str, password: str) -> None:
    """Let a volunteer sign in with a password from now on, as the same person. Raises Refused."""
    person.email, person.password_hash = unused_email(email), _hasher.hash(checked_password(password))
    audit.record("person.password", person_id=person.id)


def unused_email(email: str) -> str:
    """The address in lower case when nobody has it yet. Raises Refused."""
    email = checked_email(email)
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Refused({"email": _("Det finns redan någon med den e-postadressen.")})
    return email


def grant(person: Person, role: str, organisation: Organisation, *, by: str | None = None) -> Membership:
    """Give the person a role there, unless they have it. Raises Refused."""
    if role not in ROLES:
        raise Refused({"role": _("Välj en roll.")})
    known = session.scalar(
        select(Membership).where(
            Membership.person_id == person.id, Membership.organisation_id == organisation.id, Membership.role == role
        )
    )
    if known is not None:
        return known
    membership = Membership(person=person, organisation=organisation, role=role)
    session.add(membership)
    session.flush()
    audit.record(
        "membership.grant", person_id=by or person.id, organisation_id=organisation.id, member=person.id, role=role
    )
    return membership


def revoke(membership: Membership, *, by: str | None = None) -> None:
    """Take the role back. The last administrator who reaches an organisation stays. Raises Refused."""
    line = [node.id for node in organisations.above(membership.organisation_id)]
    others = select(Membership.id).where(
        Membership.role == "admin", Membership.id != membership.id, Membership.organisation_id.in_(line)
    )
    if membership.role == "admin" and not session.scalar(others):
        raise Refused(_("Den sista administratören kan inte tas bort."))
    audit.record(
        "membership.revoke",
        person_id=by,
        organisation_id=membership.organisation_id,
        member=membership.person_id,
        role=membership.role,
    )
    membership.person.memberships.remove(membership)
    session.flush()


def log_for(person: Person, association: Organisation) -> None:
    """From now on the person's attempts belong to `association`."""
    person.association_id, person.association = association.id, association


def is_anyone() -> bool:
    """Is there any person yet? A fresh installation has none."""
    return session.scalar(select(Person.id).limit(1)) is not None


def checked_name(name: str) -> str:
    """The name without stray spaces and what does not show, as pasted names carry it. Raises Refused."""
    name = " ".join("".join(c for c in name if c.isprintable() or c.isspace()).split())
    if not name:
        raise Refused({"name": _("Skriv ett namn.")})
    if len(name) > 60:
        raise Refused({"name": _("Namnet får ha högst 60 tecken.")})
    return name


def checked_email(email: str) -> str:
    """The address in lower case. Raises Refused. Whether it exists only a letter can tell."""
    email = email.strip().casefold()
    local, at, domain = email.rpartition("@")
    if not local or not at or "." not in domain or any(c.isspace() for c in email) or len(email) > 254:
        raise Refused({"email": _("Skriv en e-postadress, till exempel bo@example.org.")})
    return email


def checked_password(password: str) -> str:
    """The password itself. Raises Refused."""
    if len(password) < PASSWORD_LENGTH:
        raise Refused({"password": _("Lösenordet behöver minst %(count)s tecken.", count=PASSWORD_LENGTH)})
    if len(password) > 1000:
        raise Refused({"password": _("Lösenordet är för långt.")})
    return password


# --- signing in ---------------------------------------------------------------------------------------------


def with_password(email: str, password: str) -> Person | None:
    """The person with this address and password, else None. Raises Resting after too many wrong tries."""
    key = f"sign-in {email.strip().casefold()}"
    if is_resting(key, TRIES, TRIES_WINDOW):
        raise Resting
    person = session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    try:
        # An unknown address takes as long as a known one: hash against something all the same.
        _hasher.verify(person.password_hash if person and person.password_hash else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        count_try(key, TRIES_WINDOW)
        return None
    if person is not None and person.password_hash and _hasher.check_needs_rehash(person.password_hash):
        person.password_hash = _hasher.hash(password)
    return person if person is not None and person.password_hash else None


def set_password(person: Person, password: str) -> None:
    """Another password; every other signed-in browser has to sign in again. Raises Refused."""
    person.password_hash = _hasher.hash(checked_password(password))
    session.execute(delete(Session).where(Session.person_id == person.id))
    audit.record("person.password", person_id=person.id)


def sign_in(person: Person, label: str = "") -> tuple[Session, str]:
    """A new session and its token; only the token's hash is kept."""
    token = secrets.token_urlsafe(32)
    opened = Session(
        token_hash=hashed(token), person=person, label=label[:60], expires_at=clock.now() + session_length(person)
    )
    session.add(opened)
    session.flush()
    return opened, token


def session_length(person: Person) -> timedelta:
    """How long a session of this person lasts without being used."""
    return LEADER_SESSION if any(m.role != "volunteer" for m in person.memberships) else VOLUNTEER_SESSION


def signed_in(token: str | None) -> Session | None:
    """The session this token opens, unless it has ended."""
    if not token:
        return None
    found = session.scalar(select(Session).where(Session.token_hash == hashed(token)))
    return found if found is not None and found.expires_at > clock.now() else None


def is_stale(opened: Session) -> bool:
    """Is it time to note that this session is still used?"""
    return clock.now() - opened.seen_at > SEEN_EVERY


def touch(opened: Session) -> None:
    """Note that the session is used: it lasts its full length from now."""
    opened.seen_at = clock.now()
    opened.expires_at = clock.now() + session_length(opened.person)


def sessions(person: Person) -> list[Session]:
    """The person's signed-in browsers, the latest used first."""
    query = select(Session).where(Session.person_id == person.id, Session.expires_at > clock.now())
    return list(session.scalars(query.order_by(Session.seen_at.desc())))


def standing(opened: Session) -> Standing:
    """The session and the roles with which it was let in somewhere: see `still_standing`."""
    return opened.id, frozenset(membership.id for membership in opened.person.memberships)


def still_standing(known: Collection[Standing]) -> set[Standing]:
    """Those of them whose session goes on, with exactly the roles it had."""
    roles: dict[str, set[str | None]] = {}
    for ids in in_batches({session_id for session_id, _roles in known}):
        query = select(Session.id, Membership.id).join_from(
            Session, Membership, Membership.person_id == Session.person_id, isouter=True
        )
        for session_id, membership_id in session.execute(
            query.where(Session.id.in_(ids), Session.expires_at > clock.now())
        ):
            roles.setdefault(session_id, set()).add(membership_id)
    return {(session_id, held) for session_id, held in known if roles.get(session_id) == (held or {None})}


def end(opened: Session) -> None:
    """Sign that browser out."""
    session.delete(opened)


def add_device(person: Person, label: str = "") -> str:
    """A token with which this phone may hand in the person's operations."""
    token = secrets.token_urlsafe(32)
    session.add(Device(token_hash=hashed(token), person=person, label=label[:60]))
    return token


def device(token: str | None) -> Device | None:
    """The device this token belongs to."""
    return session.scalar(select(Device).where(Device.token_hash == hashed(token))) if token else None


def devices(person: Person) -> list[Device]:
    """The person's phones, the newest first."""
    return list(session.scalars(select(Device).where(Device.person_id == person.id).order_by(Device.created_at.desc())))


def forget_device(known: Device) -> None:
    """That phone may hand nothing more in until its person signs in on it again."""
    session.delete(known)


# --- guessing -----------------------------------------------------------------------------------------------


def is_resting(key: str, limit: int, window: timedelta) -> bool:
    """Have there been `limit` tries at `key` within `window`?"""
    known = session.get(Try, hashed(key), populate_existing=True)
    return known is not None and known.count >= limit and clock.now() - known.since < window


def count_try(key: str, window: timedelta) -> None:
    """Count one wrong try at `key`; a new window opens when the old has passed."""
    now = clock.now()
    session.execute(insert(Try).values(key=hashed(key), since=now, count=0).on_conflict_do_nothing())
    known = session.get(Try, hashed(key), with_for_update=True, populate_existing=True)
    assert known is not None
    if now - known.since >= window:
        known.since, known.count = now, 0
    known.count += 1
    session.execute(delete(Try).where(Try.since < now - timedelta(days=1)))


def hashed(token: str) -> str:
    """What is kept of a token. Tokens are 256 random bits, so a plain hash needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def _nobodys_hash() -> str:
    global _nobody
    if not _nobody:
        _nobody = _hasher.hash(secrets.token_urlsafe())
    return _nobody


_nobody = ""
