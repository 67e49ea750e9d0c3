"""Sessions: the browsers that people are signed in on, kept in the database so that each can be ended at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, bindparam, delete, inspect, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from canvass.core import clock, tokens
from canvass.core.db import Base, Id, in_batches, new_id, session, table
from canvass.members import people
from canvass.members.people import Membership, Person

# How long a session lasts without being used: a volunteer's from one year's campaign to the next, anybody else's a
# month.
VOLUNTEER_SESSION = timedelta(days=400)
LEADER_SESSION = timedelta(days=30)
# How old `seen_at` may be before it is updated: reading a page should rarely cost a write.
SEEN_EVERY = timedelta(hours=6)

# The id of a session, and the ids of the memberships that its person had when access to a stream was granted.
Credentials = tuple[str, frozenset[str]]


class Session(Base):
    """A signed-in browser. Its person can end it from any other browser."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    label: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


# Used in every request: one query for the session, its person, their association and memberships. Built once, since
# that takes as long as running it.
_WITH_PERSON = (
    select(Session)
    .where(Session.token_hash == bindparam("token_hash"))
    .options(joinedload(Session.person, innerjoin=True).joinedload(Person.memberships))
)


def start(person: Person, label: str = "") -> tuple[Session, str]:
    """Start a session and return it with its token. `label` names the browser, for the person's list of sessions."""
    token = tokens.new()
    started = Session(
        token_hash=tokens.hashed(token),
        person=person,
        label=label[:60],
        expires_at=clock.now() + lifetime(person),
    )
    session.add(started)
    session.flush()
    return started, token


def lifetime(person: Person) -> timedelta:
    """Return how long a session of this person lasts without being used."""
    return LEADER_SESSION if any(m.role != "volunteer" for m in person.memberships) else VOLUNTEER_SESSION


def find(token: str | None) -> Session | None:
    """Return the session with this token, with its person; None when there is none or it has expired."""
    if not token:
        return None
    found = session.scalars(_WITH_PERSON, {"token_hash": tokens.hashed(token)}).unique().one_or_none()
    return found if found is not None and found.expires_at > clock.now() else None


def authors(known: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return whose sessions have these tokens, by token: the id that the browser knows, and that of whom it is by now.

    The two differ for a double that was merged into somebody.
    """
    return tokens.owners(_OWNERS, known, now=clock.now())


def is_stale(known: Session) -> bool:
    """Is `seen_at` so old that it should be updated?"""
    return clock.now() - known.seen_at > SEEN_EVERY


def touch(known: Session) -> None:
    """Note that the session is used, so that it lasts its full lifetime from now."""
    known.seen_at = clock.now()
    known.expires_at = clock.now() + lifetime(known.person)


def of(person: Person) -> list[Session]:
    """Return the person's sessions that have not expired, the latest used first."""
    query = select(Session).where(Session.person_id.in_(people.ids(person)), Session.expires_at > clock.now())
    return list(session.scalars(query.order_by(Session.seen_at.desc())))


def end(known: Session) -> None:
    """Delete the session, if it is still there."""
    (id_,) = inspect(known).identity or ("",)  # reading `id` would fail when it is not there
    session.execute(delete(Session).where(Session.id == id_))


def end_all(person: Person) -> None:
    """Delete all the person's sessions."""
    session.execute(
        delete(Session).where(Session.person_id.in_(people.ids(person))),
        execution_options={"synchronize_session": False},
    )


def credentials(known: Session) -> Credentials:
    """Return what access to a stream is based on, to be checked later with `still_valid`."""
    return known.id, frozenset(membership.id for membership in people.present(known.person).memberships)


def still_valid(known: Collection[Credentials]) -> set[Credentials]:
    """Return those whose session has not ended and whose person has exactly the same memberships."""
    memberships: dict[str, set[str | None]] = {}
    for ids in in_batches({session_id for session_id, _held in known}):
        query = (
            select(Session.id, Membership.id)
            .join_from(Session, Person, Person.id == Session.person_id)
            .join(Membership, Membership.person_id == people.PRESENT_ID, isouter=True)
        )
        for session_id, membership_id in session.execute(
            query.where(Session.id.in_(ids), Session.expires_at > clock.now())
        ):
            memberships.setdefault(session_id, set()).add(membership_id)
    return {(session_id, held) for session_id, held in known if memberships.get(session_id) == (held or {None})}


_TABLE = table(Session)
_PERSONS = table(Person)
_OWNERS = (
    select(_TABLE.c.token_hash, _TABLE.c.person_id, people.PRESENT_ID)
    .join(_PERSONS, _PERSONS.c.id == _TABLE.c.person_id)
    .where(_TABLE.c.token_hash.in_(bindparam("hashes", expanding=True)), _TABLE.c.expires_at > bindparam("now"))
)
