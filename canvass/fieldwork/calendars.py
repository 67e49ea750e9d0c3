"""Shifts as iCalendar, and the secret addresses that calendar programs follow."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, tokens
from canvass.core.db import Base, Id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.fieldwork import campaigns, meeting_points
from canvass.fieldwork.shifts import Shift
from canvass.members.people import Person

if TYPE_CHECKING:
    from icalendar import Event


class Calendar(Base):
    """The address of a person's calendar.

    It is computed from the id and the server's secret, so that it can be shown again; only its hash is kept.
    """

    __tablename__ = "calendars"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


def of(person: Person) -> Calendar | None:
    """The person's calendar that is not withdrawn, if any."""
    return session.scalar(
        select(Calendar).where(Calendar.person_id == person.id, Calendar.withdrawn_at.is_(None)).limit(1)
    )


def make(person: Person, secret: str) -> Calendar:
    """Make a calendar for the person; the one before stops working."""
    withdraw(person)
    made = Calendar(id=new_id(), person=person)
    made.token_hash = tokens.hashed(token(made, secret))
    session.add(made)
    session.flush()
    audit.record("calendar.make", person_id=person.id)
    return made


def withdraw(person: Person) -> None:
    """Make the address stop working."""
    known = of(person)
    if known is not None:
        known.withdrawn_at = clock.now()
        session.flush()
        audit.record("calendar.withdraw", person_id=person.id)


def token(known: Calendar, secret: str) -> str:
    """The secret part of the address."""
    digest = hmac.new(secret.encode(), f"calendar {known.id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def with_token(asked: str) -> Calendar | None:
    """The calendar at this address, unless it has been withdrawn."""
    query = select(Calendar).where(Calendar.token_hash == tokens.hashed(asked), Calendar.withdrawn_at.is_(None))
    return session.scalar(query)


def write(found: Iterable[Shift], address: Callable[[Shift], str]) -> bytes:
    """The shifts as iCalendar (RFC 5545). `address` gives each shift's page. Times are in UTC, so no zone is needed."""
    # Imported here: it is slow to load, and few requests need it.
    from icalendar import Calendar as Sheet

    sheet = Sheet()
    sheet.add("version", "2.0")
    sheet.add("prodid", "-//Canvass//Canvass//SV")
    sheet.add("method", "PUBLISH")
    sheet.add("x-wr-calname", _("Mina pass"))
    # How often a program that follows the address may ask again: Apple and Outlook read it, Google decides for itself.
    sheet.add("x-published-ttl", "PT1H")
    shown = list(found)
    positions = meeting_points.positions(shown)
    for shift in shown:
        sheet.add_component(_event(shift, address(shift), positions.get(shift.id)))
    return sheet.to_ical()


def _event(shift: Shift, url: str, position: tuple[float, float] | None) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{shift.id}@canvass")
    event.add("dtstamp", clock.now())
    event.add("sequence", shift.revision)
    event.add("dtstart", shift.starts_at)
    event.add("dtend", shift.ends_at)
    summary = f"{campaigns.channel_name(shift.channel)} · {shift.organisation.name}"
    # Programs that follow an address show a cancelled event as any other, and keep its time busy.
    event.add("summary", _("INSTÄLLT: %(what)s", what=summary) if shift.cancelled_at else summary)
    event.add("status", "CANCELLED" if shift.cancelled_at else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if shift.cancelled_at else "OPAQUE")
    event.add("x-microsoft-cdo-busystatus", "FREE" if shift.cancelled_at else "BUSY")
    event.add("location", meeting_points.words(shift))
    if position is not None:
        event.add("geo", position)
    event.add("description", f"{shift.campaign.name}\n{url}")
    event.add("url", url)
    return event
