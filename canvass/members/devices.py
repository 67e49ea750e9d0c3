"""Devices: phones that may send in what their person has logged, even when no session is left on them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import clock, tokens
from canvass.core.db import Base, Id, new_id, session, table
from canvass.members import people
from canvass.members.people import Person


class Device(Base):
    """A phone that may send in its person's operations, and read nothing. It has no expiry; its person can end it."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    label: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


def add(person: Person, label: str = "") -> str:
    """Add a device of this person and return its token."""
    token = tokens.new()
    session.add(Device(token_hash=tokens.hashed(token), person=person, label=label[:60]))
    return token


def find(token: str | None) -> Device | None:
    """Return the device with this token, with its person; None when there is none."""
    return session.scalar(select(Device).where(Device.token_hash == tokens.hashed(token))) if token else None


def authors(known: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return what sessions.authors does, for the tokens of devices."""
    return tokens.owners(_OWNERS, known)


def of(person: Person) -> list[Device]:
    """Return the person's devices, the newest first."""
    query = select(Device).where(Device.person_id.in_(people.ids(person)))
    return list(session.scalars(query.order_by(Device.created_at.desc())))


def end(known: Device) -> None:
    """Delete the device: nothing more is accepted from its phone until its person signs in there again."""
    session.delete(known)


_TABLE = table(Device)
_PERSONS = table(Person)
_OWNERS = (
    select(_TABLE.c.token_hash, _TABLE.c.person_id, people.PRESENT_ID)
    .join(_PERSONS, _PERSONS.c.id == _TABLE.c.person_id)
    .where(_TABLE.c.token_hash.in_(bindparam("hashes", expanding=True)))
)
