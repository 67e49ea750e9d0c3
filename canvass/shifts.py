"""Shifts: one outing with a time, a place to meet, areas, a leader, and those who have said they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Select, String, Text, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from canvass import access, areas, audit, campaigns, clock, geometry, i18n, joining, organisations, places, tallies
from canvass.areas import Area
from canvass.campaigns import Campaign
from canvass.db import Base, Id, in_batches, insert_once, new_id, session
from canvass.i18n import gettext as _
from canvass.i18n import ngettext
from canvass.joining import JoinLink
from canvass.organisations import Organisation
from canvass.people import Membership, Person
from canvass.receipts import Installation
from canvass.tallies import Count

LONGEST = timedelta(hours=16)
MOST_WANTED, MOST_EXPECTED = 1000, 100_000
# A shift is on from a little before its time: whoever comes early logs too.
EARLY = timedelta(minutes=30)
# How long after its end a shift can still be logged on: phones in cellars, and evenings that grow long.
LATE = timedelta(hours=12)
# How long before its beginning a phone is offered it.
AHEAD = timedelta(hours=36)
# Whose shifts lately, and how many of them, say whether a campaign leans on one person.
LATELY = timedelta(days=28)
MANY = 4
# What an attempt ended in when nobody was reached at all.
UNREACHED = frozenset({"not_home", "inaccessible", "no_answer", "wrong_number"})
MOST_TO_CHOOSE = 500


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


class Training(Base):
    """Somebody has done the training for leading shifts."""

    __tablename__ = "trainings"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    done_on: Mapped[date]
    noted_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class Refused(ValueError):
    """A shift cannot be so; `errors` maps the form's fields to sentences."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


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


def leaders_to_choose(organisation: Organisation, *, by: Person) -> list[Person]:
    """Who may be put to lead a shift of the organisation: its people and those beneath, and the one who plans it.

    Those who have done the training come first.
    """
    here = organisations.beneath(organisation.id)
    query = select(Person).where(
        Person.id.in_(select(Membership.person_id).where(Membership.organisation_id.in_(here)))
    )
    found = {person.id: person for person in session.scalars(query.limit(MOST_TO_CHOOSE))} | {by.id: by}
    done = trained(here)
    return sorted(found.values(), key=lambda person: (person.id not in done, i18n.sort_key(person.name), person.id))


# --- who comes ----------------------------------------------------------------------------------------------


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
    """The day of each shift that is still to come, and how many conversations are expected of it."""
    query = select(Shift.starts_at, Shift.expected).where(
        Shift.campaign_id == campaign.id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
        Shift.ends_at > clock.now(),
    )
    return [(clock.local_day(starts_at), expected) for starts_at, expected in session.execute(query)]


def recent(campaign: Campaign, organisation_ids: Select[str], since: date) -> list[tuple[date, int]]:
    """The day of each shift from `since` on that is over, and how many conversations came of it."""
    query = select(Shift.id, Shift.starts_at).where(
        Shift.campaign_id == campaign.id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
        Shift.ends_at <= clock.now(),
        Shift.starts_at >= datetime.combine(since, time(), clock.ZONE),
    )
    rows = session.execute(query).all()
    talked = tallies.talked_by_shift(campaign.id, organisation_ids)
    return [(clock.local_day(starts_at), talked[key]) for key, starts_at in rows]


def _of(campaign: Campaign, organisation: Organisation) -> Select[Shift]:
    upwards = [node.id for node in organisations.above(organisation.id)]
    owner = or_(Shift.organisation_id.in_(organisations.beneath(organisation.id)), Shift.organisation_id.in_(upwards))
    return select(Shift).where(Shift.campaign_id == campaign.id, owner).options(selectinload(Shift.leader))


# --- out now ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phone:
    """A phone that says it is out on a shift. The name is for the shift's leader only."""

    name: str
    since: datetime | None
    heard_at: datetime
    unsent: int


@dataclass(frozen=True)
class Out:
    """A shift under way, without names: whoever watches the campaign may see it."""

    shift: Shift
    phones: int
    unsent: int
    heard_at: datetime | None


def phones(shift: Shift) -> list[Phone]:
    """The phones that are out on the shift, as they last said, the longest out first."""
    query = select(Installation, Person.name).join(Person, Installation.person_id == Person.id)
    rows = session.execute(query.where(Installation.shift_id == shift.id))
    found = [Phone(first_name(name), one.shift_since, one.heard_at, _unsent(one)) for one, name in rows]
    return sorted(found, key=lambda phone: (phone.since or phone.heard_at, phone.name))


def out_now(campaign: Campaign, organisation_ids: Select[str]) -> list[Out]:
    """The organisations' shifts that are under way, with how many phones are out and what they have not sent."""
    now = clock.now()
    query = select(Shift).where(
        Shift.campaign_id == campaign.id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
        # No shift is longer, so the index on its beginning finds the few of them among a year's.
        Shift.starts_at.between(now - LONGEST, now + EARLY),
        Shift.ends_at > now,
    )
    under_way = list(session.scalars(query.order_by(Shift.starts_at, Shift.id)))
    out: dict[str, list[Installation]] = {}
    ids = [shift.id for shift in under_way]
    for one in session.scalars(select(Installation).where(Installation.shift_id.in_(ids))) if ids else ():
        out.setdefault(one.shift_id or "", []).append(one)
    return [
        Out(
            shift,
            phones=len(out.get(shift.id, ())),
            unsent=sum(_unsent(one) for one in out.get(shift.id, ())),
            heard_at=max((one.heard_at for one in out.get(shift.id, ())), default=None),
        )
        for shift in under_way
    ]


def first_name(name: str) -> str:
    """Enough of a name among people who meet."""
    return name.split()[0]


def _unsent(one: Installation) -> int:
    """What the phone says waits on it, or what its numbers say has not arrived, whichever is more."""
    return max(one.pending, one.missing)


# --- afterwards ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What came of a shift.

    `reached` are the attempts in which somebody opened or answered: all but "öppnade ej", "kom inte in",
    "svarade ej" and "fel nummer". At a stall, at work and online nobody opens anything: there it is those who talked.
    """

    channel: str
    attempts: int
    conversations: int
    reached: int

    @property
    def sentence(self) -> str:
        """87 samtal, 14 % öppnade, tack!"""
        n, share = self.conversations, i18n.percent(self.reached / self.attempts if self.attempts else None)
        if not self.attempts:
            return ngettext("%(num)s samtal, tack!", "%(num)s samtal, tack!", n)
        if self.channel == "door":
            return ngettext(
                "%(num)s samtal, %(share)s öppnade, tack!", "%(num)s samtal, %(share)s öppnade, tack!", n, share=share
            )
        if self.channel == "phone":
            return ngettext(
                "%(num)s samtal, %(share)s svarade, tack!", "%(num)s samtal, %(share)s svarade, tack!", n, share=share
            )
        return ngettext(
            "%(num)s samtal, %(share)s pratade, tack!", "%(num)s samtal, %(share)s pratade, tack!", n, share=share
        )


def summary(shift: Shift) -> Summary:
    """What came of the shift, whichever association each took part for."""
    return summaries([shift])[shift.id]


def summaries(found: Sequence[Shift]) -> dict[str, Summary]:
    """The same for several shifts of one campaign, by id."""
    campaign_ids = {shift.campaign_id for shift in found}
    counted: dict[str, Counter[str]] = {}
    for campaign_id in campaign_ids:
        counted |= tallies.of_shifts(campaign_id, [s.id for s in found if s.campaign_id == campaign_id])
    return {shift.id: _summed_up(shift.channel, counted.get(shift.id, Counter())) for shift in found}


def _summed_up(channel: str, outcomes: Counter[str]) -> Summary:
    talked = outcomes[campaigns.TALKED]
    answered = sum(number for outcome, number in outcomes.items() if outcome not in UNREACHED)
    reached = answered if channel in ("door", "phone") else talked
    return Summary(channel, attempts=outcomes.total(), conversations=talked, reached=reached)


@dataclass(frozen=True)
class Visit:
    """An evening in an area: who was there, in what way, and what came of it. No homes and no names."""

    area: Area
    day: date
    organisation: Organisation
    count: Count
    channels: list[str]


def visits(
    campaign: Campaign,
    organisation_ids: Select[str],
    first: date,
    last: date,
    area_id: str | None = None,
    most: int = 400,
) -> tuple[list[Visit], bool]:
    """Who has been where: by area, day and association, the latest first; and whether there are more than `most`."""
    counts = tallies.visits(campaign.id, organisation_ids, first, last, area_id, most + 1)
    shown = list(counts.items())[:most]
    known = {area.id: area for area in _all(Area, {key[0] for key, _count in shown})}
    nodes = {node.id: node for node in _all(Organisation, {key[2] for key, _count in shown})}
    ways = _ways(campaign, first, last, set(known))
    found = [
        Visit(known[area], date.fromisoformat(day), nodes[node], count, _own_ways(ways.get((area, day), set()), node))
        for (area, day, node), count in shown
        if area in known and node in nodes
    ]
    found.sort(key=lambda v: (-v.day.toordinal(), i18n.sort_key(v.area.name), i18n.sort_key(v.organisation.name)))
    return found, len(counts) > most


def _ways(
    campaign: Campaign, first: date, last: date, area_ids: set[str]
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """How the shifts of each day in each area were to talk, and whose they were."""
    query = (
        select(ShiftArea.area_id, Shift.starts_at, Shift.channel, Shift.organisation_id)
        .join(Shift, Shift.id == ShiftArea.shift_id)
        .where(
            Shift.campaign_id == campaign.id,
            Shift.cancelled_at.is_(None),
            Shift.starts_at >= datetime.combine(first, time(), clock.ZONE),
            Shift.starts_at < datetime.combine(last + timedelta(days=1), time(), clock.ZONE),
        )
    )
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for some in in_batches(sorted(area_ids)):
        for area_id, starts_at, channel, owner in session.execute(query.where(ShiftArea.area_id.in_(some))):
            found.setdefault((area_id, clock.local_day(starts_at).isoformat()), set()).add((channel, owner))
    return found


def _own_ways(ways: set[tuple[str, str]], organisation_id: str) -> list[str]:
    """Those of the organisation's own shifts, and of the shifts above it that it may have been on."""
    line = {node.id for node in organisations.above(organisation_id)} if ways else set()
    return sorted({channel for channel, owner in ways if owner in line})


def _all(kind: Any, ids: set[str]) -> list[Any]:
    return [one for some in in_batches(sorted(ids)) for one in session.scalars(select(kind).where(kind.id.in_(some)))]


# --- leaders ------------------------------------------------------------------------------------------------


def note_training(person: Person, organisation: Organisation, done_on: date | None, *, by: Person) -> Training:
    """The person has done the training there; a later date replaces the one before. Raises Refused."""
    if done_on is None:
        raise Refused({"done_on": _("Välj en dag.")})
    if done_on > clock.today():
        raise Refused({"done_on": _("Skriv in utbildningen när den är gjord.")})
    known = session.scalar(
        select(Training).where(Training.person_id == person.id, Training.organisation_id == organisation.id)
    )
    if known is None:
        known = Training(person=person, organisation=organisation)
        session.add(known)
    known.done_on, known.noted_by_id = done_on, by.id
    session.flush()
    audit.record("training.note", person_id=by.id, organisation_id=organisation.id, leader=person.id)
    return known


def forget_training(training: Training, *, by: Person) -> None:
    """It was noted by mistake."""
    audit.record(
        "training.forget", person_id=by.id, organisation_id=training.organisation_id, leader=training.person_id
    )
    session.delete(training)


def trainings(organisation_ids: Select[str]) -> list[Training]:
    """Who has done the training at these organisations, by name."""
    found = session.scalars(select(Training).where(Training.organisation_id.in_(organisation_ids)))
    return sorted(found, key=lambda training: (i18n.sort_key(training.person.name), training.id))


def trained(organisation_ids: Select[str]) -> set[str]:
    """The ids of those who have."""
    return set(session.scalars(select(Training.person_id).where(Training.organisation_id.in_(organisation_ids))))


def leans_on_one(campaign: Campaign, organisation_ids: Select[str]) -> Person | None:
    """The person without whom the campaign would stand still there, if there is one.

    Either they lead more than half of the shifts of the last four weeks and those to come, four shifts or more, or
    nobody else has done the training although shifts are to come.
    """
    query = (
        select(Shift.leader_id, func.count(), func.max(Shift.ends_at))
        .where(
            Shift.campaign_id == campaign.id,
            Shift.organisation_id.in_(organisation_ids),
            Shift.cancelled_at.is_(None),
            Shift.leader_id.is_not(None),
            Shift.starts_at > clock.now() - LATELY,
        )
        .group_by(Shift.leader_id)
    )
    rows = session.execute(query).all()
    total = sum(number for _leader, number, _ends in rows)
    for leader_id, number, _ends in rows:
        if total >= MANY and number > total / 2:
            return session.get(Person, leader_id)
    done = trained(organisation_ids)
    if len(done) == 1 and any(ends_at > clock.now() for _leader, _number, ends_at in rows):
        return session.get(Person, done.pop())
    return None


# --- inside -------------------------------------------------------------------------------------------------


def _note(action: str, shift: Shift, by: Person | None) -> None:
    audit.record(
        action,
        person_id=by.id if by else None,
        organisation_id=shift.organisation_id,
        campaign=shift.campaign_id,
        shift=shift.id,
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
