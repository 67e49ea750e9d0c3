"""Shifts: one outing with a time, a place to meet, areas, a leader, and those who have said they come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Select, String, Text, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from canvass.core import audit, clock, geometry, i18n, places
from canvass.core.db import Base, Id, insert_once, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import areas
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, joining, organisations
from canvass.members.joining import JoinLink
from canvass.members.organisations import Organisation
from canvass.members.people import Person

LONGEST = timedelta(hours=16)
MOST_WANTED, MOST_EXPECTED = 1000, 100_000
# A shift is on from a little before its time: whoever comes early logs too.
EARLY = timedelta(minutes=30)
# How long after its end a shift can still be logged on: phones in cellars, and evenings that grow long.
LATE = timedelta(hours=12)
# How long before its beginning a phone is offered it.
AHEAD = timedelta(hours=36)
# How long a shift that is over stays among a person's own.
LATELY = timedelta(days=28)


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
    # How often it has been changed: a calendar takes the entry with the highest number.
    revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    cancelled_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)
    leader: Mapped[Person | None] = relationship()
    areas: Mapped[list[Area]] = relationship(secondary="shift_areas", lazy="selectin")

    @property
    def state(self) -> str:
        """cancelled, coming, on or over."""
        if self.cancelled_at is not None:
            return "cancelled"
        if clock.now() < self.starts_at - EARLY:
            return "coming"
        return "on" if clock.now() < self.ends_at else "over"

    @property
    def ground(self) -> str:
        """The areas' names."""
        return ", ".join(area.name for area in areas.in_order(self.areas))

    @property
    def is_open(self) -> bool:
        """Can it still be joined and logged on?"""
        return self.cancelled_at is None and clock.now() < self.ends_at + LATE


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


# --- planning -----------------------------------------------------------------------------------------------


def plan(
    campaign: Campaign,
    organisation: Organisation,
    *,
    channel: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    area_ids: Iterable[str],
    place: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    leader: Person | None = None,
    wanted: int | None = None,
    expected: int | None = None,
    script: str = "",
    points: str = "",
    by: Person | None,
) -> Shift:
    """A new shift of the organisation's in the campaign. Raises Refused with a sentence per field."""
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise Refused({"organisation": _("%(name)s är inte med i kampanjen.", name=organisation.name)})
    if campaign.state in ("closing", "closed"):
        raise Refused({"campaign": _("Kampanjen är avslutad.")})
    facts = _checked(
        campaign, channel, starts_at, ends_at, area_ids, place, latitude, longitude, wanted, expected, script, points
    )
    shift = Shift(id=new_id(), campaign=campaign, organisation=organisation, leader=leader, **facts)
    session.add(shift)
    session.flush()
    _note("shift.plan", shift, by)
    return shift


def change(
    shift: Shift,
    *,
    channel: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    area_ids: Iterable[str],
    place: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    leader: Person | None = None,
    wanted: int | None = None,
    expected: int | None = None,
    script: str = "",
    points: str = "",
    by: Person | None,
) -> None:
    """Plan the shift otherwise; its link, its calendar entries and those who come follow. Raises Refused."""
    facts = _checked(
        shift.campaign,
        channel,
        starts_at,
        ends_at,
        area_ids,
        place,
        latitude,
        longitude,
        wanted,
        expected,
        script,
        points,
    )
    for field, value in {**facts, "leader": leader}.items():
        setattr(shift, field, value)
    shift.revision += 1
    joining.prolong_shift(shift.id, shift.ends_at + LATE)
    session.flush()
    _note("shift.change", shift, by)


def assign(shift: Shift, area: Area, *, by: Person) -> None:
    """Give the shift this area too. Raises Refused."""
    if shift.cancelled_at or shift.ends_at <= clock.now():
        raise Refused({"areas": _("Passet är inställt eller redan över. Välj ett annat.")})
    if not areas.serves(area, shift.campaign.organisation_id) or area.retired_at:
        raise Refused({"areas": _("%(name)s hör inte till kampanjen.", name=area.name)})
    if area not in shift.areas:
        shift.areas.append(area)
        shift.revision += 1
        _note("shift.assign", shift, by, area=area.id)


def release(shift: Shift, area: Area, *, by: Person) -> None:
    """Take the area away from the shift."""
    if area in shift.areas:
        shift.areas.remove(area)
        shift.revision += 1
        _note("shift.release", shift, by, area=area.id)


def cancel(shift: Shift, *, by: Person | None) -> None:
    """It does not take place. Those who had said they come still see it, struck out."""
    if shift.cancelled_at is None:
        shift.cancelled_at = clock.now()
        shift.revision += 1
        _note("shift.cancel", shift, by)


def link(shift: Shift, secret: str) -> JoinLink:
    """The way straight into the shift, for the meeting point and the group chat."""
    return joining.link_to_shift(shift.organisation, shift.campaign_id, shift.id, shift.ends_at + LATE, secret)


def renew_link(shift: Shift, secret: str, *, by: Person) -> JoinLink:
    """Let nobody more in by the link that is out, and make another."""
    link(shift, secret).withdrawn_at = clock.now()
    session.flush()
    _note("joining.withdraw", shift, by)
    return link(shift, secret)


def suggestion(campaign: Campaign, organisation: Organisation, pattern: Shift | None = None) -> dict[str, Any]:
    """What the form for a new shift begins with: as the pattern, or the organisation's latest, a week or more later.

    Without any: today at the next full hour, or tomorrow evening when today is nearly over.
    """
    if pattern is None:
        query = select(Shift).where(Shift.campaign_id == campaign.id, Shift.organisation_id == organisation.id)
        pattern = session.scalar(query.order_by(Shift.starts_at.desc()).limit(1))
    now = clock.now().astimezone(clock.ZONE)
    if pattern is None:
        day, hour = now.date(), now.hour + 1
        if hour > 19:
            day += timedelta(days=1)
        if not 9 <= hour <= 19:
            hour = 18
        return {"channel": campaign.channels[0], "day": day, "from": time(hour), "to": time(hour + 2)}
    starts, ends = (moment.astimezone(clock.ZONE) for moment in (pattern.starts_at, pattern.ends_at))
    day = starts.date() + timedelta(days=7)
    while day < now.date():
        day += timedelta(days=7)
    return {
        "channel": pattern.channel if pattern.channel in campaign.channels else campaign.channels[0],
        "day": day,
        "from": starts.time(),
        "to": ends.time(),
        "areas": [area.id for area in pattern.areas if not area.retired_at],
        "place": pattern.place,
        "position": (pattern.latitude, pattern.longitude),
        "leader": pattern.leader_id,
        "wanted": pattern.wanted,
        "expected": pattern.expected,
        "script": pattern.script,
        "points": pattern.points,
    }


def near(found: Iterable[Area], latitude: float | None, longitude: float | None) -> list[tuple[Area, float | None]]:
    """The areas with how many metres their middle is from there, the nearest first; those without an outline last.

    In the order they came, and without distances, when nobody has said where.
    """
    rows = list(found)
    if latitude is None or longitude is None:
        return [(area, None) for area in rows]
    away: dict[str, float] = {}
    for area in areas.with_outlines(rows):
        outline = area.geometry
        if outline:
            east, north = geometry.centre(outline)
            away[area.id] = places.metres(latitude, longitude, north, east)
    return sorted(((area, away.get(area.id)) for area in rows), key=lambda row: (row[1] is None, row[1] or 0))


def meeting_point(shift: Shift) -> tuple[float, float] | None:
    """Latitude and longitude of where to meet: the place's, else the middle of the first area with an outline."""
    if shift.latitude is not None and shift.longitude is not None:
        return shift.latitude, shift.longitude
    for area in areas.with_outlines(shift.areas):
        outline = area.geometry
        if outline:
            east, north = geometry.centre(outline)
            return round(north, 5), round(east, 5)
    return None


def place(shift: Shift) -> str:
    """Where to meet, in words; the areas when nobody has said."""
    return shift.place or shift.ground


def sign_up(shift: Shift, person: Person) -> None:
    """The person comes. Twice is once. Raises Refused when it is too late."""
    if not shift.is_open:
        raise Refused({"shift": _("Passet är inställt.") if shift.cancelled_at else _("Passet är över.")})
    insert_once(SignUp, id=new_id(), shift_id=shift.id, person_id=person.id, created_at=clock.now())
    own = _sign_up(shift, person)
    assert own is not None
    own.withdrawn_at = None


def withdraw(shift: Shift, person: Person) -> None:
    """The person does not come after all."""
    own = _sign_up(shift, person)
    if own is not None and own.withdrawn_at is None:
        own.withdrawn_at = clock.now()


def has_signed_up(shift: Shift, person: Person) -> bool:
    """Has the person said they come?"""
    own = _sign_up(shift, person)
    return own is not None and own.withdrawn_at is None


def coming(shift: Shift) -> list[Person]:
    """Those who have said they come, the first first."""
    query = select(Person).join(SignUp, SignUp.person_id == Person.id)
    query = query.where(SignUp.shift_id == shift.id, SignUp.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(SignUp.created_at, SignUp.id)))


def signed_up(shifts: Iterable[Shift]) -> dict[str, int]:
    """How many have said they come, by shift id; zeros left out."""
    query = select(SignUp.shift_id, func.count()).where(
        SignUp.shift_id.in_([shift.id for shift in shifts]), SignUp.withdrawn_at.is_(None)
    )
    return dict(iter(session.execute(query.group_by(SignUp.shift_id))))


def _sign_up(shift: Shift, person: Person) -> SignUp | None:
    return session.scalar(select(SignUp).where(SignUp.shift_id == shift.id, SignUp.person_id == person.id))


# --- looking up ---------------------------------------------------------------------------------------------


def find(person: Person, shift_id: str, action: str | None = None) -> Shift:
    """The shift, looked up through the person: as access.find, and those one leads or has said one comes to.

    Raises access.NotFound, access.Forbidden.
    """
    try:
        return access.find(person, Shift, shift_id, action)
    except access.NotFound:
        shift = session.get(Shift, shift_id)
        if shift is None or not (shift.leader_id == person.id or has_signed_up(shift, person)):
            raise
        if action is not None:
            raise access.Forbidden(action) from None
        return shift


def open_to(person: Person, campaign: Campaign) -> list[Shift]:
    """The shifts that the person's phone can log on, by their beginning: those around now, of the association or above
    it, and wherever they lead or have said they come.
    """
    now = clock.now()
    line = [node.id for node in organisations.above(person.association_id)]
    own = select(SignUp.shift_id).where(SignUp.person_id == person.id, SignUp.withdrawn_at.is_(None))
    query = select(Shift).where(
        Shift.campaign_id == campaign.id,
        Shift.cancelled_at.is_(None),
        Shift.ends_at > now - LATE,
        Shift.starts_at < now + AHEAD,
        or_(Shift.organisation_id.in_(line), Shift.leader_id == person.id, Shift.id.in_(own)),
    )
    return list(session.scalars(query.order_by(Shift.starts_at, Shift.id)))


def upcoming(campaign: Campaign, organisation: Organisation, most: int = 200) -> list[Shift]:
    """The campaign's shifts that are not over, by their beginning: the organisation's, those beneath and above it."""
    query = _of(campaign, organisation).where(Shift.ends_at > clock.now())
    return list(session.scalars(query.order_by(Shift.starts_at, Shift.id).limit(most)))


def past(campaign: Campaign, organisation: Organisation, most: int = 60) -> list[Shift]:
    """Those that are over, the latest first."""
    query = _of(campaign, organisation).where(Shift.ends_at <= clock.now())
    return list(session.scalars(query.order_by(Shift.starts_at.desc(), Shift.id).limit(most)))


def signed_up_for(person: Person) -> list[Shift]:
    """The shifts a person has said they come to or leads, by their beginning; from a month back on."""
    own = select(SignUp.shift_id).where(SignUp.person_id == person.id, SignUp.withdrawn_at.is_(None))
    query = select(Shift).where(
        or_(Shift.id.in_(own), Shift.leader_id == person.id), Shift.ends_at > clock.now() - LATELY
    )
    return list(session.scalars(query.options(selectinload(Shift.leader)).order_by(Shift.starts_at, Shift.id)))


def planned(campaign: Campaign, organisation_ids: Select[str]) -> list[tuple[date, int | None]]:
    """The day of each shift, those that have been too, and how many conversations are expected of it."""
    query = select(Shift.starts_at, Shift.expected).where(
        Shift.campaign_id == campaign.id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
    )
    return [(clock.local_day(starts_at), expected) for starts_at, expected in session.execute(query)]


def _of(campaign: Campaign, organisation: Organisation) -> Select[Shift]:
    upwards = [node.id for node in organisations.above(organisation.id)]
    owner = or_(Shift.organisation_id.in_(organisations.beneath(organisation.id)), Shift.organisation_id.in_(upwards))
    return select(Shift).where(Shift.campaign_id == campaign.id, owner).options(selectinload(Shift.leader))


# --- inside -------------------------------------------------------------------------------------------------


def _note(action: str, shift: Shift, by: Person | None, **details: str) -> None:
    audit.record(
        action,
        person_id=by.id if by else None,
        organisation_id=shift.organisation_id,
        campaign=shift.campaign_id,
        shift=shift.id,
        **details,
    )


def _checked(
    campaign: Campaign,
    channel: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    area_ids: Iterable[str],
    place: str,
    latitude: float | None,
    longitude: float | None,
    wanted: int | None,
    expected: int | None,
    script: str,
    points: str,
) -> dict[str, Any]:
    errors = {}
    place = " ".join(place.split())
    chosen = [area for area_id in dict.fromkeys(area_ids) if (area := session.get(Area, area_id))]
    if channel not in campaign.channels:
        errors["channel"] = _("Välj hur ni ska samtala.")
    if starts_at is None or ends_at is None:
        errors["starts_at"] = _("Välj dag, början och slut.")
    elif ends_at <= starts_at:
        errors["ends_at"] = _("Passet måste sluta efter att det börjat.")
    elif ends_at - starts_at > LONGEST:
        errors["ends_at"] = _("Ett pass kan vara högst 16 timmar.")
    elif not campaign.starts_on <= clock.local_day(starts_at) <= campaign.ends_on:
        errors["starts_at"] = _(
            "Kampanjen pågår %(first)s – %(last)s. Välj en dag däremellan.",
            first=i18n.day(campaign.starts_on),
            last=i18n.day(campaign.ends_on),
        )
    if any(not areas.serves(area, campaign.organisation_id) for area in chosen):
        errors["areas"] = _("Välj bland områdena i listan.")
    elif channel == "door" and not chosen:
        errors["areas"] = _("Välj minst ett område att knacka i.")
    if len(place) > 200:
        errors["place"] = _("Samlingsplatsen får ha högst 200 tecken.")
    if (latitude is None) != (longitude is None) or not (
        -90 <= (latitude or 0) <= 90 and -180 <= (longitude or 0) <= 180
    ):
        errors["coordinates"] = _("Skriv koordinaterna som 58.5877, 16.1924.")
    if wanted is not None and not 1 <= wanted <= MOST_WANTED:
        errors["wanted"] = _("Antalet ska vara ett heltal mellan 1 och 1 000.")
    if expected is not None and not 0 <= expected <= MOST_EXPECTED:
        errors["expected"] = _("Antalet samtal ska vara ett heltal mellan 0 och 100 000.")
    if len(script) > 5000:
        errors["script"] = _("Samtalsstödet får ha högst 5 000 tecken.")
    if len(points) > 5000:
        errors["points"] = _("Argumenten får ha högst 5 000 tecken.")
    if errors:
        raise Refused(errors)
    return {
        "channel": channel,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "areas": chosen,
        "place": place,
        "latitude": latitude,
        "longitude": longitude,
        "wanted": wanted,
        "expected": expected,
        "script": script.strip(),
        "points": points.strip(),
    }
