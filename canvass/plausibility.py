"""Plausibility: rates and paces far out of the ordinary become a question, to the team first and then to its leader."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from canvass import clock
from canvass.campaigns import Campaign
from canvass.db import Base, Id, new_id
from canvass.organisations import Organisation
from canvass.people import Person


class Answer(Base):
    """What a team says of a day that looked odd: `right` as it stands, or `wrong` and since corrected."""

    __tablename__ = "odd_days"
    __table_args__ = (UniqueConstraint("campaign_id", "organisation_id", "day", "channel", "kind"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str] = mapped_column(String(10))
    answered_at: Mapped[datetime] = mapped_column(default=clock.now)
    answered_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
