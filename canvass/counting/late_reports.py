"""Late reports: an evening's totals from paper, entered afterwards by a leader.

They are stored as attempts with a number above one, so counters, recount and exports treat them like any others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise

import msgspec
from sqlalchemy import ColumnElement, ForeignKey, Select, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, i18n
from canvass.core.db import Base, Id, built_once, insert_once, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import attempts
from canvass.counting.attempts import Attempt, Change, Facts
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# The largest number in a field: above any evening, below two numbers typed as one.
MOST = 10_000
# The hour of a report unless somebody chooses another; hours are counted too.
USUAL_HOUR = 18


class LateReport(Base):
    """One evening's totals, entered and undone as a whole."""

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
    entered_by: Mapped[Person | None] = relationship()


@dataclass(frozen=True)
class Totals:
    """What the paper says: the number of each outcome, and the number of conversations in which each topic came up.

    `topics` are by topic id. Zeros are left out.
    """

    happened_on: date | None
    hour: int
    channel: str
    area_id: str | None
    outcomes: Mapping[str, int]
    topics: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A row in the list of late reports."""

    report: LateReport
    channel: str
    area: str
    count: Count


@dataclass(frozen=True)
class Parts:
    """How much of a count came as late reports, by area id ('' for none), channel, ISO day and organisation id."""

    by_area: dict[str, Count] = field(default_factory=dict)
    by_channel: dict[str, Count] = field(default_factory=dict)
    by_day: dict[str, Count] = field(default_factory=dict)
    by_organisation: dict[str, Count] = field(default_factory=dict)

    @property
    def total(self) -> Count:
        counts = self.by_channel.values()
        return Count(sum(count.attempts for count in counts), sum(count.conversations for count in counts))


# --- entering and taking back -------------------------------------------------------------------------------


def enter(
    report_id: str,
    campaign: Campaign,
    organisation: Organisation,
    totals: Totals,
    *,
    by: Person,
    instead_of: LateReport | None = None,
) -> bool:
    """Count the totals, and undo the report that they replace. False when the report has been entered already.

    The id is made with the form, so a form that is sent twice is counted once. Raises Refused; the caller rolls back.
    """
    if session.get(LateReport, report_id) is not None:
        return False
    happened_at = _checked(campaign, organisation, totals)
    is_new = insert_once(
        LateReport,
        id=report_id,
        campaign_id=campaign.id,
        organisation_id=organisation.id,
        happened_on=clock.local_day(happened_at),
        entered_at=clock.now(),
        entered_by_id=by.id,
    )
    if not is_new:
        return False
    if instead_of is not None and not undo(instead_of, by=by):
        raise Refused(_("Någon har redan ändrat eller ångrat den efterrapporten. Ingenting nytt är sparat."))
    _log(report_id, campaign, organisation, happened_at, totals, by)
    audit.record(
        "late_report.enter",
        person_id=by.id,
        organisation_id=organisation.id,
        campaign=campaign.id,
        report=report_id,
        attempts=sum(totals.outcomes.values()),
    )
    return True


def _log(
    report_id: str, campaign: Campaign, organisation: Organisation, happened_at: datetime, totals: Totals, by: Person
) -> None:
    changes = [
        Change(new_id(), by.id, campaign.id, organisation.id, happened_at, facts, late_report_id=report_id)
        for facts in _facts(totals)
    ]
    attempts.store([attempts.revised(None, change) for change in changes], {})


def undo(report: LateReport, *, by: Person) -> bool:
    """Undo the whole report. False when it was undone before. Raises Refused in a closed campaign."""
    # Lock only this row: sync waits for a lock on the campaign's.
    locked = session.get_one(LateReport, report.id, with_for_update={"of": LateReport}, populate_existing=True)
    if locked.undone_at is not None:
        return False
    _check_state(locked.campaign)
    rows = attempts.find(session.scalars(select(Attempt.id).where(Attempt.late_report_id == locked.id)).all())
    attempts.store([msgspec.structs.replace(row, is_deleted=True, rev=row.rev + 1) for row in rows.values()], rows)
    locked.undone_at = clock.now()
    audit.record(
        "late_report.undo",
        person_id=by.id,
        organisation_id=locked.organisation_id,
        campaign=locked.campaign_id,
        report=locked.id,
    )
    return True


def lay_out(conversations: int, topics: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """The conversations as (number, topic ids) rows, with each topic in exactly as many as the paper says.

    The paper does not say which topics came up together, and no counter needs it: conversation number n is given
    every topic that came up more than n times. At most one row more than there are topics.
    """
    edges = sorted({0, conversations, *topics.values()})
    return [(high - low, [topic for topic, number in topics.items() if number > low]) for low, high in pairwise(edges)]


def _facts(totals: Totals) -> list[Facts]:
    rows = [(campaigns.TALKED, *row) for row in lay_out(totals.outcomes.get(campaigns.TALKED, 0), totals.topics)]
    rows += [(outcome, number, []) for outcome, number in totals.outcomes.items() if outcome != campaigns.TALKED]
    return [Facts(totals.area_id, totals.channel, outcome, number, topics) for outcome, number, topics in rows]


def _checked(campaign: Campaign, organisation: Organisation, totals: Totals) -> datetime:
    """When the report took place. Raises Refused with a sentence per field."""
    _check_state(campaign)
    errors: dict[str, str] = {}
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        errors["organisation"] = _("%(name)s är inte med i kampanjen.", name=organisation.name)
    if totals.channel not in campaign.channels:
        errors["channel"] = _("Välj ett sätt.")
    if totals.area_id is not None:
        area = session.get(Area, totals.area_id)
        if area is None or not areas.serves(area, campaign.organisation_id):
            errors["area"] = _("Området är inte med i kampanjen.")
    if not 0 <= totals.hour <= 23:
        errors["hour"] = _("Välj ett klockslag.")
    errors |= _wrong_numbers(totals)
    happened_at = clock.now()
    if totals.happened_on is None:
        errors["happened_on"] = _("Välj en dag.")
    elif not campaign.starts_on <= totals.happened_on <= campaign.ends_on:
        errors["happened_on"] = _(
            "Kampanjen pågår %(first)s – %(last)s. Välj en dag däremellan.",
            first=i18n.day(campaign.starts_on),
            last=i18n.day(campaign.ends_on),
        )
    elif "hour" not in errors:
        happened_at = clock.at(totals.happened_on, time(totals.hour))
        if happened_at > clock.now():
            errors["happened_on"] = _("Dit har klockan inte hunnit än.")
        elif not campaigns.accepts(campaign, happened_at):
            errors["happened_on"] = _(
                "Kampanjen avslutades %(when)s. Det som hände efter det räknas inte.",
                when=i18n.moment(campaign.closing_at),
            )
    if errors:
        raise Refused(errors)
    return happened_at


def _wrong_numbers(totals: Totals) -> dict[str, str]:
    errors = {}
    for name, number in [*totals.outcomes.items(), *totals.topics.items()]:
        if not 0 <= number <= MOST:
            errors[name] = _("Skriv ett tal mellan 0 och %(most)s.", most=i18n.number(MOST))
    for outcome in totals.outcomes:
        if outcome not in campaigns.CHANNELS.get(totals.channel, campaigns.OUTCOMES):
            errors[outcome] = _("Det utfallet finns inte för det sättet.")
    if not any(totals.outcomes.values()) and not errors:
        errors[campaigns.TALKED] = _("Skriv minst ett tal.")
    talked = totals.outcomes.get(campaigns.TALKED, 0)
    for topic, number in totals.topics.items():
        if number > talked:
            errors.setdefault(topic, _("En fråga kan inte ha tagits upp i fler samtal än de som fördes."))
    return errors


def _check_state(campaign: Campaign) -> None:
    if campaign.state == "draft":
        raise Refused(_("Kampanjen är ett utkast. Öppna den först."))
    if campaign.state == "closed":
        raise Refused(_("Kampanjen är avslutad. Dess siffror ändras inte längre."))


# --- reading ------------------------------------------------------------------------------------------------


def paper(report: LateReport) -> Totals:
    """What was entered, also of a report that is undone."""
    rows = list(session.scalars(select(Attempt).where(Attempt.late_report_id == report.id)))
    outcomes: dict[str, int] = {}
    topics: dict[str, int] = {}
    for row in rows:
        outcomes[row.outcome] = outcomes.get(row.outcome, 0) + row.number
        for topic in row.topics:
            topics[topic] = topics.get(topic, 0) + row.number
    hour = rows[0].happened_at.astimezone(clock.ZONE).hour
    return Totals(report.happened_on, hour, rows[0].channel, rows[0].area_id, outcomes, topics)


def entered(campaign: Campaign, organisation_ids: Select[str], most: int) -> list[Entry]:
    """The late reports that are not undone, the latest entered first, at most `most`."""
    query = select(LateReport).where(*_counted(campaign.id, organisation_ids))
    reports = list(session.scalars(query.order_by(LateReport.entered_at.desc(), LateReport.id.desc()).limit(most)))
    sums = (
        select(Attempt.late_report_id, Attempt.channel, Area.name, *_counts())
        .outerjoin(Area, Area.id == Attempt.area_id)
        .where(Attempt.late_report_id.in_([report.id for report in reports]))
        .group_by(Attempt.late_report_id, Attempt.channel, Area.name)
    )
    found = {row[0]: row[1:] for row in session.execute(sums)}
    return [
        Entry(report, channel, area or "", Count(int(tried), int(talked)))
        for report in reports
        for channel, area, tried, talked in [found[report.id]]
    ]


def parts(campaign_id: str, organisation_ids: Select[str]) -> Parts:
    """How much of these organisations' count in the campaign came as late reports."""
    found = Parts()
    for area_id, channel, day, organisation_id, tried, talked in session.execute(_parts(campaign_id, organisation_ids)):
        for part, key in (
            (found.by_area, area_id or ""),
            (found.by_channel, channel),
            (found.by_day, day.isoformat()),
            (found.by_organisation, organisation_id),
        ):
            before = part.get(key, Count())
            part[key] = Count(before.attempts + int(tried), before.conversations + int(talked))
    return found


@built_once
def _parts(campaign_id: str, organisation_ids: Select[str]) -> Select[str | None, str, date, str, int, int]:
    keys = (Attempt.area_id, Attempt.channel, Attempt.happened_on, Attempt.organisation_id)
    # Joined from the reports, which are few, rather than from all of the campaign's attempts.
    return (
        select(*keys, *_counts())
        .join(LateReport, LateReport.id == Attempt.late_report_id)
        .where(*_counted(campaign_id, organisation_ids))
        .group_by(*keys)
    )


def _counted(campaign_id: str, organisation_ids: Select[str]) -> list[ColumnElement[bool]]:
    return [
        LateReport.campaign_id == campaign_id,
        LateReport.organisation_id.in_(organisation_ids),
        LateReport.undone_at.is_(None),
    ]


def _counts() -> tuple[ColumnElement[int], ColumnElement[int]]:
    talked = func.sum(Attempt.number).filter(Attempt.outcome == campaigns.TALKED)
    return func.sum(Attempt.number), func.coalesce(talked, 0)
