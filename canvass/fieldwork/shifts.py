"""Shifts: one outing with a time, a meeting point, areas and a leader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Select, String, Text, bindparam, event, or_, select
from sqlalchemy.orm import Mapped, joinedload, lazyload, load_only, mapped_column, relationship, selectinload

from canvass.core import audit, clock, i18n
from canvass.core.db import Base, Id, Session, built_once, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import areas, sign_ups
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, joining, organisations
from canvass.members.joining import JoinLink
from canvass.members.organisations import Organisation
from canvass.members.people import Person

LONGEST = timedelta(hours=16)
MOST_WANTED, MOST_EXPECTED = 1000, 100_000
LONGEST_PLACE, LONGEST_TEXT = 200, 5000
# How long before its beginning a shift counts as on: some come early.
EARLY = timedelta(minutes=30)
# How long after its end a shift can still be logged on: phones may be offline, and evenings grow long.
LATE = timedelta(hours=12)
# How long before its beginning phones are told of a shift.
AHEAD = timedelta(hours=36)
# How long a shift that is over stays in a person's list.
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
    # The meeting point in words and, when known, in WGS84 degrees.
    place: Mapped[str] = mapped_column(String(200), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    leader_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    # Wanted: people. Expected: conversations.
    wanted: Mapped[int | None]
    expected: Mapped[int | None]
    script: Mapped[str] = mapped_column(Text, default="")
    points: Mapped[str] = mapped_column(Text, default="")
    # Rises with every change, see `_raise_revisions`: calendars take the entry with the highest number.
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
        """Whether it can still be joined and logged on."""
        return is_open(self.cancelled_at, self.ends_at)


class ShiftArea(Base):
    """An area given to a shift."""

    __tablename__ = "shift_areas"

    shift_id: Mapped[str] = mapped_column(Id, ForeignKey(Shift.id), primary_key=True)
    area_id: Mapped[str] = mapped_column(Id, ForeignKey(Area.id), primary_key=True, index=True)


@event.listens_for(Session, "before_flush")
def _raise_revisions(changing: Session, *_more: object) -> None:
    """Raise the revision of every shift that is changed, by whatever page, so that none can forget to."""
    for shift in changing.dirty:
        if isinstance(shift, Shift) and changing.is_modified(shift):
            shift.revision = Shift.revision + 1  # added in the database: two may change it at once


@dataclass(frozen=True)
class Facts:
    """What somebody decides about a shift. The position is in WGS84 degrees."""

    channel: str
    starts_at: datetime | None
    ends_at: datetime | None
    area_ids: Sequence[str]
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    leader: Person | None = None
    wanted: int | None = None
    expected: int | None = None
    script: str = ""
    points: str = ""


def is_open(cancelled_at: datetime | None, ends_at: datetime) -> bool:
    """Whether a shift with these times can still be joined and logged on."""
    return cancelled_at is None and clock.now() < ends_at + LATE


# --- planning -----------------------------------------------------------------------------------------------


def plan(campaign: Campaign, organisation: Organisation, facts: Facts, *, by: Person | None) -> Shift:
    """A new shift of the organisation's in the campaign. Raises Refused with a sentence per field."""
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise Refused({"organisation": _("%(name)s är inte med i kampanjen.", name=organisation.name)})
    if campaign.state in ("closing", "closed"):
        raise Refused({"campaign": _("Kampanjen är avslutad.")})
    shift = Shift(id=new_id(), campaign=campaign, organisation=organisation, **_checked(campaign, facts))
    session.add(shift)
    session.flush()
    _note("shift.plan", shift, by)
    return shift


def change(shift: Shift, facts: Facts, *, by: Person | None) -> None:
    """Change the shift; its link lasts accordingly. Raises Refused with a sentence per field."""
    for field, value in _checked(shift.campaign, facts).items():
        setattr(shift, field, value)
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
        _note("shift.assign", shift, by, area=area.id)


def release(shift: Shift, area: Area, *, by: Person) -> None:
    """Take the area away from the shift."""
    if area in shift.areas:
        shift.areas.remove(area)
        _note("shift.release", shift, by, area=area.id)


def cancel(shift: Shift, *, by: Person | None) -> None:
    """Cancel the shift. Those who have signed up still see it."""
    if shift.cancelled_at is None:
        shift.cancelled_at = clock.now()
        _note("shift.cancel", shift, by)


def link(shift: Shift, secret: str) -> JoinLink:
    """The join link that leads straight into the shift; made when there is none."""
    return joining.link_to_shift(shift.organisation, shift.campaign_id, shift.id, shift.ends_at + LATE, secret)


def current_link(shift: Shift) -> JoinLink | None:
    """The shift's join link, None when none has been made."""
    return joining.current_shift_link(shift.id)


def withdraw_link(known: JoinLink, shift: Shift, *, by: Person) -> None:
    """Withdraw a join link that is in the wrong hands."""
    known.withdrawn_at = clock.now()
    session.flush()
    _note("joining.withdraw", shift, by)


def sign_up(shift: Shift, person: Person) -> None:
    """Sign the person up. Raises Refused when the shift is cancelled or over."""
    if not shift.is_open:
        raise Refused({"shift": _("Passet är inställt.") if shift.cancelled_at else _("Passet är över.")})
    sign_ups.add(shift.id, person)


# --- looking up ---------------------------------------------------------------------------------------------


def find(person: Person, shift_id: str, action: str | None = None) -> Shift:
    """The shift, looked up through the person as in access.find; also one that they lead or have signed up for.

    Raises access.NotFound, access.Forbidden.
    """
    try:
        return access.find(person, Shift, shift_id, action)
    except access.NotFound:
        shift = session.get(Shift, shift_id)
        if shift is None or not (shift.leader_id == person.id or sign_ups.has_signed_up(shift.id, person)):
            raise
        if action is not None:
            raise access.Forbidden(action) from None
        return shift


# Built once: phones ask for it when they start. Without what phones are not told of a shift.
_OPEN_TO = (
    select(Shift)
    .options(
        *(lazyload(what) for what in (Shift.organisation, Shift.campaign, Shift.areas)),
        joinedload(Shift.leader).options(load_only(Person.name), lazyload(Person.association)),
    )
    .where(
        Shift.campaign_id.in_(bindparam("campaigns", expanding=True)),
        Shift.cancelled_at.is_(None),
        Shift.ends_at > bindparam("earliest"),
        Shift.starts_at < bindparam("latest"),
        or_(
            Shift.organisation_id.in_(bindparam("line", expanding=True)),
            Shift.leader_id == bindparam("person"),
            Shift.id.in_(sign_ups.shift_ids(bindparam("person"))),
        ),
    )
    .order_by(Shift.starts_at, Shift.id)
)


def open_to(person: Person, campaign_ids: Collection[str]) -> list[Shift]:
    """The shifts around now in these campaigns that the person may log on, by their beginning.

    Those of their association and above it, and those they lead or have signed up for.
    """
    now = clock.now()
    line = [node.id for node in organisations.above(person.association_id)]
    given = {"campaigns": list(campaign_ids), "line": line, "person": person.id}
    return list(session.scalars(_OPEN_TO, {**given, "earliest": now - LATE, "latest": now + AHEAD}))


def upcoming(campaign: Campaign, organisation: Organisation, most: int | None = 200) -> list[Shift]:
    """The shifts that are not over, by their beginning, of the organisation, those beneath and those above it."""
    query = _of(campaign, organisation).where(Shift.ends_at > clock.now())
    return list(session.scalars(query.order_by(Shift.starts_at, Shift.id).limit(most)))


def past(campaign: Campaign, organisation: Organisation, most: int = 60) -> list[Shift]:
    """The shifts that are over, the latest first, of the organisation, those beneath and those above it."""
    query = _of(campaign, organisation).where(Shift.ends_at <= clock.now())
    return list(session.scalars(query.order_by(Shift.starts_at.desc(), Shift.id).limit(most)))


def signed_up_for(person: Person) -> list[Shift]:
    """The shifts that a person leads or has signed up for, by their beginning, from LATELY on."""
    query = select(Shift).where(
        or_(Shift.id.in_(sign_ups.shift_ids(person.id)), Shift.leader_id == person.id),
        Shift.ends_at > clock.now() - LATELY,
    )
    return list(session.scalars(query.options(selectinload(Shift.leader)).order_by(Shift.starts_at, Shift.id)))


def planned(campaign: Campaign, organisation_ids: Select[str]) -> list[tuple[date, int | None]]:
    """(day, conversations expected) of every shift, past ones too."""
    return [day for days in planned_by(campaign, organisation_ids).values() for day in days]


def planned_by(campaign: Campaign, organisation_ids: Select[str]) -> dict[str, list[tuple[date, int | None]]]:
    """The same by the organisation whose shift it is."""
    found: dict[str, list[tuple[date, int | None]]] = {}
    for organisation_id, starts_at, expected in session.execute(_planned(campaign.id, organisation_ids)):
        found.setdefault(organisation_id, []).append((clock.local_day(starts_at), expected))
    return found


@built_once
def _planned(campaign_id: str, organisation_ids: Select[str]) -> Select[str, datetime, int | None]:
    return select(Shift.organisation_id, Shift.starts_at, Shift.expected).where(
        Shift.campaign_id == campaign_id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
    )


def known_at(campaign: Campaign, organisation: Organisation) -> list[ColumnElement[bool]]:
    """The conditions on the campaign's shifts that an organisation may know of: its own, those beneath and above it."""
    upwards = [node.id for node in organisations.above(organisation.id)]
    owner = or_(Shift.organisation_id.in_(organisations.beneath(organisation.id)), Shift.organisation_id.in_(upwards))
    return [Shift.campaign_id == campaign.id, owner]


def _of(campaign: Campaign, organisation: Organisation) -> Select[Shift]:
    return select(Shift).where(*known_at(campaign, organisation)).options(selectinload(Shift.leader))


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


def _checked(campaign: Campaign, facts: Facts) -> dict[str, Any]:
    """The columns of a shift. Raises Refused with a sentence per field."""
    ground = [area for area_id in dict.fromkeys(facts.area_ids) if (area := session.get(Area, area_id))]
    errors = _wrong_channel(campaign, facts.channel) | _wrong_times(campaign, facts.starts_at, facts.ends_at)
    if any(not areas.serves(area, campaign.organisation_id) for area in ground):
        errors["areas"] = _("Välj bland områdena i listan.")
    elif facts.channel == "door" and not ground:
        errors["areas"] = _("Välj minst ett område att knacka i.")
    place = " ".join(facts.place.split())
    errors |= _wrong_place(place, facts.latitude, facts.longitude)
    if facts.wanted is not None and not 1 <= facts.wanted <= MOST_WANTED:
        errors["wanted"] = _("Antalet ska vara ett heltal mellan 1 och 1 000.")
    if facts.expected is not None and not 0 <= facts.expected <= MOST_EXPECTED:
        errors["expected"] = _("Antalet samtal ska vara ett heltal mellan 0 och 100 000.")
    if len(facts.script) > LONGEST_TEXT:
        errors["script"] = _("Samtalsstödet får ha högst 5 000 tecken.")
    if len(facts.points) > LONGEST_TEXT:
        errors["points"] = _("Argumenten får ha högst 5 000 tecken.")
    if errors:
        raise Refused(errors)
    columns = {field: getattr(facts, field) for field in Facts.__dataclass_fields__ if field != "area_ids"}
    texts = {"place": place, "script": facts.script.strip(), "points": facts.points.strip()}
    return {**columns, **texts, "areas": ground}


def _wrong_channel(campaign: Campaign, channel: str) -> dict[str, str]:
    return {} if channel in campaign.channels else {"channel": _("Välj hur ni ska samtala.")}


def _wrong_times(campaign: Campaign, starts_at: datetime | None, ends_at: datetime | None) -> dict[str, str]:
    if starts_at is None or ends_at is None:
        return {"starts_at": _("Välj dag, början och slut.")}
    if ends_at <= starts_at:
        return {"ends_at": _("Passet måste sluta efter att det börjat.")}
    if ends_at - starts_at > LONGEST:
        return {"ends_at": _("Ett pass kan vara högst 16 timmar.")}
    if campaign.starts_on <= clock.local_day(starts_at) <= campaign.ends_on:
        return {}
    days = {"first": i18n.day(campaign.starts_on), "last": i18n.day(campaign.ends_on)}
    return {"starts_at": _("Kampanjen pågår %(first)s – %(last)s. Välj en dag däremellan.", **days)}


def _wrong_place(place: str, latitude: float | None, longitude: float | None) -> dict[str, str]:
    errors = {}
    if len(place) > LONGEST_PLACE:
        errors["place"] = _("Samlingsplatsen får ha högst 200 tecken.")
    is_on_earth = -90 <= (latitude or 0) <= 90 and -180 <= (longitude or 0) <= 180
    if (latitude is None) != (longitude is None) or not is_on_earth:
        errors["coordinates"] = _("Skriv koordinaterna som 58.5877, 16.1924.")
    return errors
