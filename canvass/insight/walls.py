"""Wallboards: links that show a campaign's numbers on a screen, without login and names, until they are withdrawn."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, i18n, texts, tokens
from canvass.core.db import Base, Id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.counting.attempts import COUNTS, Attempt
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# For so long into an hour the hour before is counted too: at five past six hardly anything has happened since six.
YOUNG = timedelta(minutes=15)


class Wall(Base):
    """A link to a wallboard. Its token is computed from the id and the server's secret; only a hash of it is stored."""

    __tablename__ = "walls"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id), index=True)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # Which screen it is for, as the leader called it.
    name: Mapped[str] = mapped_column(String(60), default="")
    language: Mapped[str] = mapped_column(String(5), default="sv")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    withdrawn_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)


# --- links --------------------------------------------------------------------------------------------------


def make(
    campaign: Campaign, organisation: Organisation, name: str, language: str, secret: str, *, by: Person | None = None
) -> Wall:
    """A new link to the campaign's numbers at this organisation; in Swedish if the language is unknown."""
    made = Wall(
        id=new_id(),
        campaign=campaign,
        organisation=organisation,
        name=texts.line(name)[:60],
        language=language if language in i18n.LANGUAGES else "sv",
        created_by_id=by.id if by else None,
    )
    made.token_hash = tokens.hashed(token(made, secret))
    session.add(made)
    session.flush()
    _note("wall.make", made, by)
    return made


def token(wall: Wall, secret: str) -> str:
    """The secret in the wall's address: 160 bits as 32 lower-case letters and digits, so that it can be typed."""
    digest = hmac.new(secret.encode(), f"wall {wall.id}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode().lower()


def with_token(typed: str) -> Wall:
    """The wall of this token, in upper or lower case. Raises tickets.Gone when there is none or it is withdrawn.

    Wrong tokens are not counted, since 160 bits cannot be guessed.
    """
    found = session.scalar(select(Wall).where(Wall.token_hash == tokens.hashed(typed.lower())))
    if found is None or found.withdrawn_at is not None:
        raise tickets.Gone(_("Den här länken gäller inte längre."))
    return found


def beneath(campaign_id: str, organisation_id: str) -> list[Wall]:
    """The campaign's links that are not withdrawn, at this organisation and beneath it, the oldest first."""
    query = select(Wall).where(
        Wall.campaign_id == campaign_id,
        Wall.organisation_id.in_(organisations.beneath(organisation_id)),
        Wall.withdrawn_at.is_(None),
    )
    return list(session.scalars(query.order_by(Wall.id)))


def still_open(wall_ids: Collection[object]) -> set[object]:
    """The ids of these walls that have not been withdrawn: the guard of their streams."""
    return set(session.scalars(select(Wall.id).where(Wall.id.in_(wall_ids), Wall.withdrawn_at.is_(None))))


def withdraw(wall: Wall, *, by: Person) -> None:
    """End the link: it opens nothing more, and streams opened by it are ended. Twice is once."""
    if wall.withdrawn_at is None:
        wall.withdrawn_at = clock.now()
        _note("wall.withdraw", wall, by)


def _note(action: str, wall: Wall, by: Person | None) -> None:
    audit.record(
        action,
        person_id=by.id if by else None,
        organisation_id=wall.organisation_id,
        campaign=wall.campaign_id,
        wall=wall.id,
    )


# --- the latest conversations -------------------------------------------------------------------------------


def lately() -> datetime:
    """The hour from which the wall counts the latest conversations: 15 to 75 minutes ago.

    A whole hour, since that is as exact as an attempt's time is.
    """
    return (clock.now() - YOUNG).replace(minute=0, second=0, microsecond=0)


def conversations_since(hour: datetime, campaign_id: str, organisation_ids: Select[str]) -> int:
    """These organisations' conversations in the campaign from this whole hour on."""
    query = select(func.coalesce(func.sum(Attempt.number), 0)).where(
        Attempt.campaign_id == campaign_id,
        Attempt.happened_at >= hour,
        Attempt.organisation_id.in_(organisation_ids),
        Attempt.outcome == campaigns.TALKED,
        COUNTS,
    )
    return int(session.scalar(query) or 0)
