"""Sign-ups: who has said that they come to which shift."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BindParameter, ForeignKey, Select, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, Id, insert_once, new_id, session
from canvass.members.people import Person


class SignUp(Base):
    """A person's sign-up for a shift."""

    __tablename__ = "sign_ups"
    __table_args__ = (UniqueConstraint("shift_id", "person_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    shift_id: Mapped[str] = mapped_column(Id, ForeignKey("shifts.id"))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]


def add(shift_id: str, person: Person) -> None:
    """Sign the person up, again if they have withdrawn. Twice is once."""
    insert_once(SignUp, id=new_id(), shift_id=shift_id, person_id=person.id, created_at=clock.now())
    own = _of(shift_id, person)
    assert own is not None
    own.withdrawn_at = None


def withdraw(shift_id: str, person: Person) -> None:
    """The person does not come after all."""
    own = _of(shift_id, person)
    if own is not None and own.withdrawn_at is None:
        own.withdrawn_at = clock.now()


def has_signed_up(shift_id: str, person: Person) -> bool:
    """Whether the person is signed up."""
    own = _of(shift_id, person)
    return own is not None and own.withdrawn_at is None


def coming(shift_id: str) -> list[Person]:
    """Those who are signed up, in the order they did."""
    query = select(Person).join(SignUp, SignUp.person_id == Person.id)
    query = query.where(SignUp.shift_id == shift_id, SignUp.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(SignUp.created_at, SignUp.id)))


def numbers(shift_ids: Iterable[str]) -> dict[str, int]:
    """How many are signed up, by shift id; zeros left out."""
    query = select(SignUp.shift_id, func.count()).where(
        SignUp.shift_id.in_(list(shift_ids)), SignUp.withdrawn_at.is_(None)
    )
    return dict(iter(session.execute(query.group_by(SignUp.shift_id))))


def shift_ids(person_id: str | BindParameter[str]) -> Select[str]:
    """The ids of the shifts the person is signed up for, as a query."""
    return select(SignUp.shift_id).where(SignUp.person_id == person_id, SignUp.withdrawn_at.is_(None))


def _of(shift_id: str, person: Person) -> SignUp | None:
    return session.scalar(select(SignUp).where(SignUp.shift_id == shift_id, SignUp.person_id == person.id))
