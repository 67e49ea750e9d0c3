"""Campaigns: what is talked about, when and how, and the targets that are set for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock
from canvass.core.db import Base, Id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

KINDS = ("listen", "petition", "mobilise", "other")
RHYTHMS = ("even", "weekdays", "weekends", "rising")
# How long after the close a campaign still takes what happened before it: phones come home from holidays.
CLOSING_TIME = timedelta(days=14)
LARGEST_TARGET = 10_000_000
LONGEST = timedelta(days=5 * 366)
LONGEST_NOTE = 200

# Each channel offers its own few outcomes, in the order of the buttons. TALKED makes an attempt a conversation.
TALKED = "talked"
CHANNELS: dict[str, tuple[str, ...]] = {
    "door": (TALKED, "not_home", "refused", "inaccessible", "come_back"),
    "phone": (TALKED, "no_answer", "refused", "wrong_number", "come_back"),
    "stall": (TALKED, "refused"),
    "digital": (TALKED, "no_answer", "refused"),
    "workplace": (TALKED, "refused", "inaccessible"),
}
# What works by each kind of housing, until leaders say something else: doors are many and open where people live in
# houses, and locked by high-rise, where the square is near.
ADVICE = {"villa": "door", "terraced": "door", "flats": "stall", "mixed": "door"}
OUTCOMES = tuple(dict.fromkeys(outcome for outcomes in CHANNELS.values() for outcome in outcomes))


class Campaign(Base):
    """A period of conversations with a purpose, owned by an organisation and open to all beneath it."""

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20), default="listen")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    channels: Mapped[list[str]] = mapped_column(JSON)
    script: Mapped[str] = mapped_column(Text, default="")
    # How the plan spreads the target over the days while no shifts say otherwise.
    rhythm: Mapped[str] = mapped_column(String(20), default="even")
    # The leaders' advice: which channel to choose by what kind of housing.
    advice: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    opened_at: Mapped[datetime | None]
    closing_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def state(self) -> str:
        """draft, open, closing (14 days: takes what happened before the close) or closed."""
        if self.closing_at is not None:
            return "closing" if clock.now() < self.closing_at + CLOSING_TIME else "closed"
        return "open" if self.opened_at is not None else "draft"


class Topic(Base):
    """Something people may raise: a choice made by the campaign, never text from a door."""

    __tablename__ = "topics"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id), index=True)
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    # No longer offered, but what was counted under it stays.
    retired_at: Mapped[datetime | None]


class Target(Base):
    """The number of conversations agreed for a campaign at one organisation, or in one of its areas.

    Revisions are added, never changed: who set what and when is kept.
    """

    __tablename__ = "targets"
    __table_args__ = (UniqueConstraint("campaign_id", "organisation_id", "area_id", "revision"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # '' for the organisation itself: a unique key does not hold for NULL.
    area_id: Mapped[str] = mapped_column(Id, default="")
    revision: Mapped[int]
    number: Mapped[int]
    # Why, in a few words ("nu höjer vi"), for the history.
    note: Mapped[str] = mapped_column(String(200), default="")
    set_at: Mapped[datetime] = mapped_column(default=clock.now)
    set_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))


# --- words --------------------------------------------------------------------------------------------------


def kind_name(kind: str) -> str:
    """What a kind of campaign is called."""
    return {
        "listen": _("Lyssna"),
        "petition": _("Upprop"),
        "mobilise": _("Mobilisera"),
        "other": _("Annat"),
    }[kind]


def state_name(state: str) -> str:
    """What a state is called."""
    return {
        "draft": _("Utkast"),
        "open": _("Öppen"),
        "closing": _("Avslutas"),
        "closed": _("Avslutad"),
    }[state]


def channel_name(channel: str) -> str:
    """What a way of talking is called."""
    return {
        "door": _("Dörr"),
        "phone": _("Telefon"),
        "stall": _("Torg"),
        "digital": _("Digitalt"),
        "workplace": _("Arbetsplats"),
    }[channel]


def rhythm_name(rhythm: str) -> str:
    """What a rhythm is called."""
    return {
        "even": _("Lika mycket varje dag"),
        "weekdays": _("Vardagar"),
        "weekends": _("Helger"),
        "rising": _("Mer mot slutet"),
    }[rhythm]


def outcome_name(outcome: str) -> str:
    """What an outcome is called."""
    return {
        "talked": _("Samtal"),
        "not_home": _("Öppnade ej"),
        "no_answer": _("Svarade ej"),
        "refused": _("Ville inte prata"),
        "inaccessible": _("Kom inte in"),
        "come_back": _("Återkom"),
        "wrong_number": _("Fel nummer"),
    }[outcome]


def suggested_topics() -> list[str]:
    """What people tend to bring up at Swedish doors, as a start for a new campaign."""
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


# --- campaigns ----------------------------------------------------------------------------------------------


def create(
    organisation: Organisation,
    *,
    name: str,
    kind: str,
    starts_on: date | None,
    ends_on: date | None,
    channels: Sequence[str],
    topics: Iterable[str],
    target: int | None,
    script: str = "",
    rhythm: str = "even",
    by: Person | None = None,
) -> Campaign:
    """A new draft with its topics and target. Raises Refused with a sentence per field."""
    facts = checked(name, kind, starts_on, ends_on, channels, script, rhythm, target)
    campaign = Campaign(organisation=organisation, **facts)
    session.add(campaign)
    session.flush()
    set_topics(campaign, topics)
    set_target(campaign, organisation, target, by=by)
    _note("campaign.create", campaign, by, name=campaign.name)
    return campaign


def edit(
    campaign: Campaign,
    *,
    name: str,
    kind: str,
    starts_on: date | None,
    ends_on: date | None,
    channels: Sequence[str],
    topics: Iterable[str],
    script: str = "",
    rhythm: str = "even",
    by: Person | None = None,
) -> None:
    """Change a campaign. Raises Refused with a sentence per field."""
    for field, value in checked(name, kind, starts_on, ends_on, channels, script, rhythm, None).items():
        setattr(campaign, field, value)
    set_topics(campaign, topics)
    _note("campaign.edit", campaign, by)


def open_(campaign: Campaign, *, by: Person | None = None) -> None:
    """From now on conversations count; also takes a closed campaign up again."""
    campaign.opened_at = campaign.opened_at or clock.now()
    campaign.closing_at = None
    _note("campaign.open", campaign, by)


def close(campaign: Campaign, *, by: Person | None = None) -> None:
    """Nothing new from now on; what happened before is taken for another 14 days."""
    if campaign.state == "open":
        campaign.closing_at = clock.now()
        _note("campaign.close", campaign, by)


def closing_ends(campaign: Campaign) -> datetime | None:
    """When the last late phones are let in, None while the campaign is not closing."""
    return campaign.closing_at + CLOSING_TIME if campaign.closing_at else None


def accepts(campaign: Campaign, happened_at: datetime) -> bool:
    """Does the campaign count something that happened then?"""
    state = campaign.state
    return state == "open" or (
        state == "closing" and campaign.closing_at is not None and happened_at <= campaign.closing_at
    )


def seen_by(person: Person) -> list[Campaign]:
    """The campaigns a person may know of, the latest first; drafts only for those who can edit them."""
    query = access.visible(person, Campaign).order_by(Campaign.starts_on.desc(), Campaign.created_at.desc())
    return [
        campaign
        for campaign in session.scalars(query)
        if campaign.state != "draft" or access.may(person, "campaign.edit", campaign.organisation_id)
    ]


def to_log_in(person: Person) -> list[Campaign]:
    """The campaigns a person can log in now, or could until lately (their phone may hold some still)."""
    return [c for c in seen_by(person) if c.state in ("open", "closing") and logging_organisation(person, c)]


def logging_organisation(person: Person, campaign: Campaign) -> str | None:
    """Which organisation a person's attempts in this campaign belong to; None when they may not log in it.

    Their association when it takes part, else the campaign's own (a district's organiser who helps out).
    """
    top = campaign.organisation_id
    if organisations.is_beneath(person.association_id, top):
        return person.association_id if access.may(person, "attempt.log", person.association_id) else None
    return top if access.may(person, "attempt.log", top) else None


def advised(campaign: Campaign, housing: str) -> str | None:
    """The channel that is advised where people live so, when the campaign uses it; only advice, never a rule."""
    channel = campaign.advice.get(housing, ADVICE.get(housing))
    return channel if channel in campaign.channels else None


def advise(campaign: Campaign, advice: Mapping[str, str], *, by: Person | None = None) -> None:
    """Set the advice for each kind of housing; '' for none. Raises Refused for a channel that there is not."""
    if any(channel and channel not in CHANNELS for channel in advice.values()):
        raise Refused({"advice": _("Välj ett av sätten.")})
    campaign.advice = {housing: advice[housing] for housing in ADVICE if housing in advice}
    _note("campaign.advise", campaign, by)


# --- topics and targets -------------------------------------------------------------------------------------


def topics(campaign: Campaign) -> list[Topic]:
    """The topics on offer, in the campaign's order."""
    query = select(Topic).where(Topic.campaign_id == campaign.id, Topic.retired_at.is_(None))
    return list(session.scalars(query.order_by(Topic.position)))


def all_topics(campaign: Campaign) -> dict[str, Topic]:
    """Every topic there ever was in the campaign, by id."""
    return {topic.id: topic for topic in session.scalars(select(Topic).where(Topic.campaign_id == campaign.id))}


def set_topics(campaign: Campaign, names: Iterable[str]) -> None:
    """Offer these topics, in this order. A name that was there keeps its counts; one left out is no longer offered."""
    known = {topic.name.casefold(): topic for topic in all_topics(campaign).values()}
    wanted: dict[str, str] = {}
    for name in (" ".join(name.split())[:60] for name in names if name.strip()):
        wanted.setdefault(name.casefold(), name)
    for topic in known.values():
        topic.retired_at = topic.retired_at or clock.now()
    for position, (key, name) in enumerate(wanted.items()):
        topic = known.get(key) or Topic(campaign_id=campaign.id)
        topic.name, topic.position, topic.retired_at = name, position, None
        session.add(topic)
    session.flush()


def set_target(
    campaign: Campaign,
    organisation: Organisation,
    number: int | None,
    *,
    area_id: str = "",
    note: str = "",
    by: Person | None = None,
) -> None:
    """Agree on a number of conversations for one organisation, or for an area of its; earlier numbers stay in the
    history, with a few words on why when there are any. Raises Refused."""
    if number is None:
        return
    if not 0 <= number <= LARGEST_TARGET:
        raise Refused({"target": _("Målet ska vara ett heltal mellan 0 och 10 miljoner.")})
    if len(note) > LONGEST_NOTE:
        raise Refused({"note": _("Skriv högst 200 tecken.")})
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise Refused({"target": _("%(name)s är inte med i kampanjen.", name=organisation.name)})
    latest = session.scalar(
        select(Target)
        .where(
            Target.campaign_id == campaign.id,
            Target.organisation_id == organisation.id,
            Target.area_id == area_id,
        )
        .order_by(Target.revision.desc())
        .limit(1)
    )
    if latest is not None and latest.number == number:
        return
    session.add(
        Target(
            campaign_id=campaign.id,
            organisation_id=organisation.id,
            area_id=area_id,
            revision=latest.revision + 1 if latest else 1,
            number=number,
            note=" ".join(note.split()),
            set_by_id=by.id if by else None,
        )
    )
    session.flush()
    where = {"area": area_id} if area_id else {}
    _note("target.set", campaign, by, organisation=organisation.id, number=number, **where)


def targets(campaign: Campaign) -> dict[str, int]:
    """The number agreed at present, by organisation id."""
    latest = (
        select(Target.organisation_id, func.max(Target.revision).label("revision"))
        .where(Target.campaign_id == campaign.id, Target.area_id == "")
        .group_by(Target.organisation_id)
        .subquery()
    )
    query = select(Target.organisation_id, Target.number).where(
        Target.campaign_id == campaign.id,
        Target.area_id == "",
        Target.organisation_id == latest.c.organisation_id,
        Target.revision == latest.c.revision,
    )
    return dict(iter(session.execute(query)))


def target_revisions(campaign: Campaign, organisation_id: str) -> list[tuple[date, int]]:
    """What the target has been, the first number first, each with the day it was set: for the plan line."""
    query = select(Target.set_at, Target.number).where(
        Target.campaign_id == campaign.id, Target.organisation_id == organisation_id, Target.area_id == ""
    )
    rows = session.execute(query.order_by(Target.revision))
    return [(clock.local_day(set_at), number) for set_at, number in rows]


def area_targets(campaign: Campaign) -> dict[str, int]:
    """The number agreed at present for single areas, by area id."""
    query = select(Target.area_id, Target.number).where(Target.campaign_id == campaign.id, Target.area_id != "")
    # The latest last, so that it is what stays: an area may have had another owner, with revisions of its own.
    return dict(iter(session.execute(query.order_by(Target.set_at, Target.revision))))


def _note(action: str, campaign: Campaign, by: Person | None, **details: object) -> None:
    audit.record(
        action,
        person_id=by.id if by else None,
        organisation_id=campaign.organisation_id,
        campaign=campaign.id,
        **details,
    )


def checked(
    name: str,
    kind: str,
    starts_on: date | None,
    ends_on: date | None,
    channels: Sequence[str],
    script: str = "",
    rhythm: str = "even",
    target: int | None = None,
) -> dict[str, object]:
    """The columns of a campaign that may be so. Raises Refused with a sentence per field."""
    name, errors = " ".join(name.split()), {}
    if not name:
        errors["name"] = _("Ge kampanjen ett namn.")
    elif len(name) > 120:
        errors["name"] = _("Namnet får ha högst 120 tecken.")
    if kind not in KINDS:
        errors["kind"] = _("Välj vad kampanjen går ut på.")
    if starts_on is None:
        errors["starts_on"] = _("Välj en startdag.")
    if ends_on is None:
        errors["ends_on"] = _("Välj en slutdag.")
    if starts_on and ends_on and ends_on < starts_on:
        errors["ends_on"] = _("Slutdagen kan inte ligga före startdagen.")
    elif starts_on and ends_on and ends_on - starts_on > LONGEST:
        errors["ends_on"] = _("En kampanj kan vara högst fem år. Kontrollera årtalen.")
    chosen = [channel for channel in CHANNELS if channel in channels]
    if not chosen:
        errors["channels"] = _("Välj minst ett sätt att samtala.")
    if rhythm not in RHYTHMS:
        errors["rhythm"] = _("Välj hur planen ska fördelas.")
    if len(script) > 5000:
        errors["script"] = _("Samtalsstödet får ha högst 5 000 tecken.")
    if target is not None and not 0 <= target <= LARGEST_TARGET:
        errors["target"] = _("Målet ska vara ett heltal mellan 0 och 10 miljoner.")
    if errors:
        raise Refused(errors)
    return {
        "name": name,
        "kind": kind,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "channels": chosen,
        "script": script.strip(),
        "rhythm": rhythm,
    }
