"""Shifts: one outing with a time, a place to meet, areas, a leader, and those who have said they come."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass import clock
from canvass.areas import Area
from canvass.campaigns import Campaign
from canvass.db import Base, Id, new_id
from canvass.organisations import Organisation
from canvass.people import Person


class Shift(Base):
    """One outing, owned by the organisation that plans it."""

    __tablename__ = "shifts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id), index=True)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    # Where to meet: in words, and where on Earth when somebody has said (WGS84 degrees).
    place: Mapped[str] = mapped_column(String(200), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    leader_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    # How many people are wanted, and how many conversations are expected of them.
    wanted: Mapped[int | None]
    expected: Mapped[int | None]
    script: Mapped[str] = mapped_column(Text, default="")
    points: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    cancelled_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)
    leader: Mapped[Person | None] = relationship()
    areas: Mapped[list[Area]] = relationship(secondary="shift_areas", lazy="selectin")


class ShiftArea(Base):
    """Ground that a shift is given."""

    __tablename__ = "shift_areas"

    shift_id: Mapped[str] = mapped_column(Id, ForeignKey(Shift.id), primary_key=True)
    area_id: Mapped[str] = mapped_column(Id, ForeignKey(Area.id), primary_key=True, index=True)


class SignUp(Base):
    """Somebody who has said they come."""

    __tablename__ = "sign_ups"
    __table_args__ = (UniqueConstraint("shift_id", "person_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    shift_id: Mapped[str] = mapped_column(Id, ForeignKey(Shift.id))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]


class Training(Base):
    """Somebody has done the training for leading shifts."""

    __tablename__ = "trainings"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    done_on: Mapped[date]
    noted_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
