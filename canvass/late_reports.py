"""Late reports: an evening's totals on paper, entered afterwards by a leader and marked so wherever they count.

Their numbers are attempts like any others, only several at a time: counters, recounts and exports need no other way.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass import clock
from canvass.campaigns import Campaign
from canvass.db import Base, Id, new_id
from canvass.organisations import Organisation
from canvass.people import Person


class LateReport(Base):
    """One evening's totals, entered at once and taken back at once."""

    __tablename__ = "late_reports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id), index=True)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    happened_on: Mapped[date]
    entered_at: Mapped[datetime] = mapped_column(default=clock.now)
    entered_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    undone_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)
