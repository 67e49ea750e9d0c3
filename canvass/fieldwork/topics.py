"""Topics: what people raise in a campaign's conversations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock, texts
from canvass.core.db import Base, Id, connection, new_id, session
from canvass.core.i18n import gettext as _
from canvass.fieldwork.campaigns import Campaign


class Topic(Base):
    """Something people may raise: one of the campaign's choices, never free text from a conversation."""

    __tablename__ = "topics"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id), index=True)
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    # No longer offered; its counts stay.
    retired_at: Mapped[datetime | None]


def suggested() -> list[str]:
    """Topics for a new campaign to start from."""
    return [
        _("Vården"),
        _("Skolan"),
        _("Tryggheten"),
        _("Jobben"),
        _("Äldreomsorgen"),
        _("Plånboken"),
        _("Bostäder"),
        _("Klimatet"),
        _("Annat"),
    ]


def offered(campaign: Campaign) -> list[Topic]:
    """The topics that can be chosen, in the campaign's order."""
    query = select(Topic).where(Topic.campaign_id == campaign.id, Topic.retired_at.is_(None))
    return list(session.scalars(query.order_by(Topic.position)))


# Built once: phones ask for it when they start.
_OFFERED = (
    select(Topic.campaign_id, Topic.id, Topic.name)
    .where(Topic.campaign_id.in_(bindparam("campaigns", expanding=True)), Topic.retired_at.is_(None))
    .order_by(Topic.position)
)


def offered_in(campaign_ids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """The id and name of the topics that can be chosen in each of the campaigns, by campaign id."""
    found: dict[str, list[tuple[str, str]]] = {campaign_id: [] for campaign_id in campaign_ids}
    for campaign_id, id_, name in connection().execute(_OFFERED, {"campaigns": list(campaign_ids)}):
        found[campaign_id].append((id_, name))
    return found


_ALL_OF = select(Topic).where(Topic.campaign_id == bindparam("campaign"))


def all_of(campaign: Campaign) -> dict[str, Topic]:
    """Every topic the campaign has ever had, by id."""
    return {topic.id: topic for topic in session.scalars(_ALL_OF, {"campaign": campaign.id})}


def offer(campaign: Campaign, names: Iterable[str]) -> None:
    """Offer these topics, in this order. A name used before keeps its counts; one left out is retired."""
    known = {topic.name.casefold(): topic for topic in all_of(campaign).values()}
    wanted: dict[str, str] = {}
    for name in filter(None, (texts.line(name)[:60] for name in names)):
        wanted.setdefault(name.casefold(), name)
    for topic in known.values():
        topic.retired_at = topic.retired_at or clock.now()
    for position, (key, name) in enumerate(wanted.items()):
        topic = known.get(key) or Topic(campaign_id=campaign.id)
        topic.name, topic.position, topic.retired_at = name, position, None
        session.add(topic)
    session.flush()
