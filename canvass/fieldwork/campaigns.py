"""Campaigns: when and how people talk, and for what purpose."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import JSON, ForeignKey, Select, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, texts
from canvass.core.db import Base, Id, built_once, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.access import Role
from canvass.members.organisations import Organisation
from canvass.members.people import Person

KINDS = ("listen", "petition", "mobilise", "other")
RHYTHMS = ("even", "weekdays", "weekends", "rising")
# How long after the close a campaign still counts what happened before it: some phones are offline for days.
CLOSING_TIME = timedelta(days=14)
LONGEST = timedelta(days=5 * 366)
LONGEST_NAME, LONGEST_SCRIPT = 120, 5000

# Each channel offers its own few outcomes, in the order of the buttons. TALKED makes an attempt a conversation.
TALKED = "talked"
CHANNELS: dict[str, tuple[str, ...]] = {
    "door": (TALKED, "not_home", "refused", "inaccessible", "come_back"),
    "phone": (TALKED, "no_answer", "refused", "wrong_number", "come_back"),
    "stall": (TALKED, "refused"),
    "digital": (TALKED, "no_answer", "refused"),
    "workplace": (TALKED, "refused", "inaccessible"),
}
# The advised channel by housing unless leaders advise another: entrances of blocks of flats are locked.
ADVICE = {"villa": "door", "terraced": "door", "flats": "stall", "mixed": "door"}
OUTCOMES = tuple(dict.fromkeys(outcome for outcomes in CHANNELS.values() for outcome in outcomes))


class Period(NamedTuple):
    """When a campaign was opened and closed: what it counts depends on that alone."""

    opened_at: datetime | None
    closing_at: datetime | None

    @property
    def state(self) -> str:
        """draft, open, closing (14 days: takes what happened before the close) or closed."""
        if self.closing_at is not None:
            return "closing" if clock.now() < self.closing_at + CLOSING_TIME else "closed"
        return "open" if self.opened_at is not None else "draft"

    def accepts(self, happened_at: datetime) -> bool:
        """Whether the campaign counts something that happened then."""
        if self.state == "closing":
            return self.closing_at is not None and happened_at <= self.closing_at
        return self.state == "open"


class Campaign(Base):
    """A campaign is owned by an organisation and open to everybody beneath it."""

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20), default="listen")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    channels: Mapped[list[str]] = mapped_column(JSON)
    script: Mapped[str] = mapped_column(Text, default="")
    # How the plan line spreads the target over the days, where no shifts are planned.
    rhythm: Mapped[str] = mapped_column(String(20), default="even")
    # The channel that leaders advise, by housing.
    advice: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    opened_at: Mapped[datetime | None]
    closing_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def state(self) -> str:
        """draft, open, closing or closed."""
        return self.period.state

    @property
    def period(self) -> Period:
        """When it was opened and closed."""
        return Period(self.opened_at, self.closing_at)


@dataclass(frozen=True)
class Facts:
    """What somebody decides about a campaign, in the order of the form."""

    name: str
    kind: str
    starts_on: date | None
    ends_on: date | None
    channels: Sequence[str]
    script: str = ""
    rhythm: str = "even"


# --- words --------------------------------------------------------------------------------------------------


def kind_name(kind: str) -> str:
    """The kind of campaign in the interface's language."""
    return {
        "listen": _("Lyssna"),
        "petition": _("Upprop"),
        "mobilise": _("Mobilisera"),
        "other": _("Annat"),
    }[kind]


def state_name(state: str) -> str:
    """The state in the interface's language."""
    return {
        "draft": _("Utkast"),
        "open": _("Öppen"),
        "closing": _("Avslutas"),
        "closed": _("Avslutad"),
    }[state]


def channel_name(channel: str) -> str:
    """The channel in the interface's language."""
    return {
        "door": _("Dörr"),
        "phone": _("Telefon"),
        "stall": _("Torg"),
        "digital": _("Digitalt"),
        "workplace": _("Arbetsplats"),
    }[channel]


def rhythm_name(rhythm: str) -> str:
    """The rhythm in the interface's language."""
    return {
        "even": _("Lika mycket varje dag"),
        "weekdays": _("Vardagar"),
        "weekends": _("Helger"),
        "rising": _("Mer mot slutet"),
    }[rhythm]


def outcome_name(outcome: str) -> str:
    """The outcome in the interface's language."""
    return {
        "talked": _("Samtal"),
        "not_home": _("Öppnade ej"),
        "no_answer": _("Svarade ej"),
        "refused": _("Ville inte prata"),
        "inaccessible": _("Kom inte in"),
        "come_back": _("Återkom"),
        "wrong_number": _("Fel nummer"),
    }[outcome]


# --- campaigns ----------------------------------------------------------------------------------------------


def create(organisation: Organisation, facts: Facts, *, by: Person | None = None) -> Campaign:
    """A new draft. Raises Refused with a sentence per field."""
    campaign = Campaign(organisation=organisation, **checked(facts))
    session.add(campaign)
    session.flush()
    _note("campaign.create", campaign, by, name=campaign.name)
    return campaign


def edit(campaign: Campaign, facts: Facts, *, by: Person | None = None) -> None:
    """Change a campaign. Raises Refused with a sentence per field."""
    for field, value in checked(facts).items():
        setattr(campaign, field, value)
    _note("campaign.edit", campaign, by)


def open_(campaign: Campaign, *, by: Person | None = None) -> None:
    """Open a draft, or reopen a closed campaign: conversations are counted from now on."""
    campaign.opened_at = campaign.opened_at or clock.now()
    campaign.closing_at = None
    _note("campaign.open", campaign, by)


def close(campaign: Campaign, *, by: Person | None = None) -> None:
    """Close an open campaign: what happened before now is counted for another 14 days."""
    if campaign.state == "open":
        campaign.closing_at = clock.now()
        _note("campaign.close", campaign, by)


def closing_ends(campaign: Campaign) -> datetime | None:
    """When the campaign stops counting what happened before the close; None unless it has been closed."""
    return campaign.closing_at + CLOSING_TIME if campaign.closing_at else None


def accepts(campaign: Campaign, happened_at: datetime) -> bool:
    """Whether the campaign counts something that happened then."""
    return campaign.period.accepts(happened_at)


def last_day(campaign: Campaign) -> date:
    """The last day to reach the target on: the campaign's, or the day it was closed if that came first."""
    last = campaign.ends_on
    if campaign.closing_at:
        last = min(last, clock.local_day(campaign.closing_at))
    return max(campaign.starts_on, last)


def seen_by(person: Person) -> list[Campaign]:
    """The campaigns a person may know of, the latest first; drafts only for those who can edit them."""
    return [
        campaign
        for campaign in session.scalars(_latest_first(access.visible(person, Campaign)))
        if campaign.state != "draft" or access.may(person, "campaign.edit", campaign.organisation_id)
    ]


@built_once
def _latest_first(query: Select[Campaign]) -> Select[Campaign]:
    """The query in order; `access.visible` gives the same query for the same rights."""
    return query.order_by(Campaign.starts_on.desc(), Campaign.created_at.desc())


def to_log_in(person: Person) -> list[Campaign]:
    """The open and closing campaigns in which the person may log."""
    return [c for c in seen_by(person) if c.state in ("open", "closing") and logging_organisation(person, c)]


def logging_organisation(person: Person, campaign: Campaign) -> str | None:
    """Which organisation a person's attempts in this campaign belong to; None when they may not log in it.

    Their association when it takes part, else the campaign's owner (for instance a district's organiser who helps).
    """
    return where_logged(person.association_id, access.roles(person), campaign.organisation_id, line=organisations.line)


def where_logged(
    association_id: str, roles: Iterable[Role], owner_id: str, *, line: Callable[[str], Collection[str]]
) -> str | None:
    """The same for somebody of this association, in a campaign of this owner. `line` is `organisations.line`."""
    found = association_id if owner_id in line(association_id) else owner_id
    return found if access.allow(roles, "attempt.log", line(found)) else None


def advised(campaign: Campaign, housing: str) -> str | None:
    """The channel advised for the housing, None when the campaign does not use it. Advice only: nothing enforces it."""
    channel = campaign.advice.get(housing, ADVICE.get(housing))
    return channel if channel in campaign.channels else None


def advise(campaign: Campaign, advice: Mapping[str, str], *, by: Person | None = None) -> None:
    """Set the advised channel by housing, '' for none. Raises Refused for an unknown channel."""
    if any(channel and channel not in CHANNELS for channel in advice.values()):
        raise Refused({"advice": _("Välj ett av sätten.")})
    campaign.advice = {housing: advice[housing] for housing in ADVICE if housing in advice}
    _note("campaign.advise", campaign, by)


def _note(action: str, campaign: Campaign, by: Person | None, **details: object) -> None:
    audit.record(
        action,
        person_id=by.id if by else None,
        organisation_id=campaign.organisation_id,
        campaign=campaign.id,
        **details,
    )


def checked(facts: Facts) -> dict[str, object]:
    """The columns of a campaign. Raises Refused with a sentence per field."""
    name = texts.line(facts.name)
    channels = [channel for channel in CHANNELS if channel in facts.channels]
    errors = _wrong_days(facts.starts_on, facts.ends_on)
    if not name:
        errors["name"] = _("Ge kampanjen ett namn.")
    elif len(name) > LONGEST_NAME:
        errors["name"] = _("Namnet får ha högst 120 tecken.")
    if facts.kind not in KINDS:
        errors["kind"] = _("Välj vad kampanjen går ut på.")
    if not channels:
        errors["channels"] = _("Välj minst ett sätt att samtala.")
    if facts.rhythm not in RHYTHMS:
        errors["rhythm"] = _("Välj hur planen ska fördelas.")
    if len(facts.script) > LONGEST_SCRIPT:
        errors["script"] = _("Samtalsstödet får ha högst 5 000 tecken.")
    if errors:
        raise Refused({field: errors[field] for field in Facts.__dataclass_fields__ if field in errors})
    return {**asdict(facts), "name": name, "channels": channels, "script": facts.script.strip()}


def _wrong_days(starts_on: date | None, ends_on: date | None) -> dict[str, str]:
    errors = {}
    if starts_on is None:
        errors["starts_on"] = _("Välj en startdag.")
    if ends_on is None:
        errors["ends_on"] = _("Välj en slutdag.")
    if starts_on and ends_on and ends_on < starts_on:
        errors["ends_on"] = _("Slutdagen kan inte ligga före startdagen.")
    elif starts_on and ends_on and ends_on - starts_on > LONGEST:
        errors["ends_on"] = _("En kampanj kan vara högst fem år. Kontrollera årtalen.")
    return errors
