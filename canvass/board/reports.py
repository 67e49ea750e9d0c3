"""Reports: the totals a board takes home, counted from the attempts themselves. Rows once, formats many."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any

from sqlalchemy import func, select

from canvass.core import clock, db, i18n, sheets
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused
from canvass.core.sheets import Cell
from canvass.counting.attempts import Attempt
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# What totals can be divided by. `association` is whose people talked, `area` where: the two need not match.
BREAKDOWNS = ("association", "area", "day", "channel", "outcome")
LONGEST_FILE_NAME = 60
# Of each row counted: attempts, conversations, and how many of either came as late reports.
FIGURES = 4


@dataclass(frozen=True)
class Question:
    """Which attempts to count, and what to divide them by, in the order of the columns."""

    campaign: Campaign | None = None
    first: date | None = None
    last: date | None = None
    by: tuple[str, ...] = ()


class Code(str):
    """The heading of a column of codes: they belong to what the column before it names."""


@dataclass(frozen=True)
class Report:
    """A table. The first `labels` columns say what a row is about; the others are its figures."""

    headings: list[str]
    rows: list[list[Cell]]
    labels: int
    attempts: int
    conversations: int
    # How much of that was entered afterwards from paper.
    late: Count

    @property
    def contact_rate(self) -> float | None:
        """Conversations ÷ attempts; None without attempts."""
        return self.conversations / self.attempts if self.attempts else None


# --- asking -------------------------------------------------------------------------------------------------


def ask(person: Person, campaign_id: str = "", first: str = "", last: str = "", by: Sequence[str] = ()) -> Question:
    """The question as it was typed: days as 2026-05-31, anything left empty is not asked for.

    Raises Refused, access.NotFound for a campaign that is not theirs to see, access.Forbidden.
    """
    if not access.may_anywhere(person, "report.export"):
        raise access.Forbidden("report.export")
    campaign = _campaign(person, campaign_id) if campaign_id else None
    errors: dict[str, str] = {}
    first_on, last_on = _day("from", first, errors), _day("to", last, errors)
    if first_on and last_on and last_on < first_on:
        errors["to"] = _("Sista dagen kan inte ligga före den första.")
    unknown = [word for word in by if word not in BREAKDOWNS]
    if unknown:
        errors["by"] = _("Det går inte att dela upp efter ”%(word)s”.", word=unknown[0][:40])
    if errors:
        raise Refused(errors)
    return Question(campaign, first_on, last_on, tuple(dict.fromkeys(by)))


def choices(person: Person) -> list[Campaign]:
    """The campaigns a person may ask about, the latest first."""
    return [campaign for campaign in campaigns.seen_by(person) if scope(person, campaign)]


def scope(person: Person, campaign: Campaign | None) -> list[Organisation]:
    """The organisations whose attempts are counted, each with everything beneath it."""
    if campaign is not None:
        return access.standpoints(person, campaign.organisation_id, "report.export")
    nodes = access.nodes(person, "report.export")
    return organisations.in_order(session.scalars(select(Organisation).where(Organisation.id.in_(nodes))))


def _campaign(person: Person, campaign_id: str) -> Campaign:
    if not db.is_id(campaign_id):
        raise access.NotFound(f"Campaign {campaign_id!r}")
    campaign = access.find(person, Campaign, campaign_id)
    if not scope(person, campaign):
        raise access.Forbidden("report.export")
    return campaign


def _day(name: str, typed: str, errors: dict[str, str]) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        errors[name] = _("Skriv datumet som 2026-05-31.")
        return None


# --- counting -----------------------------------------------------------------------------------------------


def totals(person: Person, question: Question) -> Report:
    """Attempts and conversations of the organisations the person may export, one row per combination that occurs.

    Without breakdowns it is a single row, of zeroes when nothing has happened; per campaign when there are several.
    What came as late reports is counted like the rest, and once more in columns of its own when there is any.
    """
    counted = _counted(person, question)
    attempts, conversations, *late = (sum(row[column] for row in counted) for column in range(-FIGURES, 0))
    is_several = len({row[0] for row in counted}) > 1
    if not question.by and not counted:
        counted = [("", *[0] * FIGURES)]
    labels = [_labels(kind, {row[i] for row in counted}) for i, kind in enumerate(question.by, 1)]
    if is_several:
        labels.insert(0, _campaign_labels({row[0] for row in counted}))
    else:
        counted = [row[1:] for row in counted]
    counted.sort(key=lambda row: [label.order[key] for label, key in zip(labels, row[:-FIGURES], strict=True)])
    headings = [heading for label in labels for heading in label.headings]
    # Of one outcome, all or none are conversations: a rate would only look like a finding.
    has_rate, has_late = "outcome" not in question.by, late[0] > 0
    figures = [_("Försök"), ngettext("Samtal", "Samtal", 2), *([_("Samtalsandel")] if has_rate else [])]
    marks = [_("Försök, varav efterrapport"), _("Samtal, varav efterrapport")] if has_late else []
    return Report(
        headings=[*headings, *figures, *marks],
        rows=[
            [
                *chain.from_iterable(label.cells[key] for label, key in zip(labels, row[:-FIGURES], strict=True)),
                *_figures(row[-4], row[-3], has_rate),
                *(row[-2:] if has_late else ()),
            ]
            for row in counted
        ],
        labels=len(headings),
        attempts=attempts,
        conversations=conversations,
        late=Count(*late),
    )


def _counted(person: Person, question: Question) -> list[tuple[Any, ...]]:
    """The campaign's id, the key of each breakdown, attempts and conversations of every combination there is.

    And how many of them came as late reports: FIGURES numbers at the end.
    """
    columns = {
        "association": Attempt.organisation_id,
        "area": Attempt.area_id,
        "day": Attempt.happened_on,
        "channel": Attempt.channel,
        "outcome": Attempt.outcome,
    }
    group: list[Any] = [Attempt.campaign_id, *(columns[kind] for kind in question.by)]
    wanted = [question.campaign] if question.campaign else campaigns.seen_by(person)
    talked, is_late = Attempt.outcome == campaigns.TALKED, Attempt.late_report_id.is_not(None)
    parts: tuple[Any, ...] = ((), (talked,), (is_late,), (is_late, talked))
    figures = [func.coalesce(func.sum(Attempt.number).filter(*part), 0) for part in parts]
    query = (
        select(*group, *figures)
        .where(
            Attempt.is_deleted.is_(False),
            Attempt.campaign_id.in_([campaign.id for campaign in wanted]),
            Attempt.organisation_id.in_(access.reach(person, "report.export")),
        )
        .group_by(*group)
    )
    if question.first:
        query = query.where(Attempt.happened_on >= question.first)
    if question.last:
        query = query.where(Attempt.happened_on <= question.last)
    return [(*row[:-FIGURES], *map(int, row[-FIGURES:])) for row in session.execute(query)]


def _figures(attempts: int, conversations: int, has_rate: bool) -> list[Cell]:
    rate = sheets.Percent(conversations / attempts) if attempts else None
    return [attempts, conversations, rate] if has_rate else [attempts, conversations]


# --- what the rows are called -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Labels:
    """How a breakdown is written: its headings, and for each key its cells and its place."""

    headings: list[str]
    cells: dict[Any, list[Cell]] = field(default_factory=dict)
    order: dict[Any, tuple[Any, ...]] = field(default_factory=dict)

    def put(self, key: Any, cells: list[Cell], *order: Any) -> None:
        # The key last, so that two of the same name are never mixed with each other.
        self.cells[key], self.order[key] = cells, (*order, str(key))


def _labels(kind: str, keys: set[Any]) -> _Labels:
    if kind == "association":
        return _association_labels(keys)
    if kind == "area":
        return _area_labels(keys)
    labels = _Labels([breakdown_name(kind)])
    for key in keys:
        if kind == "day":
            labels.put(key, [key], key)
        elif kind == "channel":
            labels.put(key, [campaigns.channel_name(key)], list(campaigns.CHANNELS).index(key))
        else:
            labels.put(key, [campaigns.outcome_name(key)], campaigns.OUTCOMES.index(key))
    return labels


def _campaign_labels(keys: set[str]) -> _Labels:
    labels = _Labels([_("Kampanj")])
    for campaign in session.scalars(select(Campaign).where(Campaign.id.in_(keys))):
        labels.put(campaign.id, [campaign.name], i18n.sort_key(campaign.name), campaign.starts_on)
    return labels


def _association_labels(keys: set[str]) -> _Labels:
    """With the municipal organisation beside the association when there are several of them."""
    # The whole tree in one query; going up from each of a thousand associations then costs none.
    tree = {node.id: node for node in session.scalars(select(Organisation))}
    above = {key: organisations.municipal_of(key) for key in keys}
    is_several = len(set(above.values())) > 1
    labels = _Labels(
        [
            *([_("Arbetarekommun"), Code(_("Kommunkod"))] if is_several else []),
            _("Förening"),
            Code(_("Organisationskod")),
        ]
    )
    for key in keys:
        node, municipal = tree[key], above[key]
        beside: list[Cell] = [municipal.name, municipal.code or None] if municipal else [None, None]
        labels.put(
            key,
            [*(beside if is_several else []), node.name, node.code or None],
            i18n.sort_key(municipal.name) if municipal else "",
            i18n.sort_key(node.name),
        )
    return labels


def _area_labels(keys: set[str | None]) -> _Labels:
    """With the owner beside the area when two would look alike: a code is unique within its organisation only."""
    query = select(Area.id, Area.name, Area.code, Organisation.name).join(Area.organisation)
    found = [
        row for batch in db.in_batches(filter(None, keys)) for row in session.execute(query.where(Area.id.in_(batch)))
    ]
    is_alike = len({(name, code) for _id, name, code, _owner in found}) < len(found)
    labels = _Labels([_("Område"), Code(_("Områdeskod")), *([_("Områdets organisation")] if is_alike else [])])
    for area_id, name, code, owner in found:
        labels.put(area_id, [name, code, *([owner] if is_alike else [])], 0, i18n.sort_key(name), code)
    labels.put(None, [_("Utan område"), None, *([None] if is_alike else [])], 1)
    return labels


# --- words --------------------------------------------------------------------------------------------------


def breakdown_name(kind: str) -> str:
    """What a breakdown is called."""
    return {
        "association": _("Förening"),
        "area": _("Område"),
        "day": _("Dag"),
        "channel": _("Sätt"),
        "outcome": _("Utfall"),
    }[kind]


def title(question: Question) -> str:
    """What the report is about."""
    return question.campaign.name if question.campaign else _("Alla kampanjer")


def period(question: Question) -> str:
    """Which days it covers, in words."""
    if question.first and question.last:
        return f"{i18n.day(question.first)} – {i18n.day(question.last)}"
    if question.first:
        return _("Från och med %(day)s", day=i18n.day(question.first))
    if question.last:
        return _("Till och med %(day)s", day=i18n.day(question.last))
    return _("Alla dagar")


def file_name(question: Question) -> str:
    """A name for the file, without its ending, such as samtal-varkampanjen-2026-05-06."""
    parts = [_("samtal"), _plain(question.campaign.name) if question.campaign else ""]
    if question.first:
        parts.append(question.first.isoformat())
    if question.first or question.last:
        parts.append(_("till"))
    parts.append((question.last or clock.today()).isoformat())
    return "-".join(part for part in parts if part)


def notes(person: Person, question: Question, report: Report) -> list[tuple[str, Cell]]:
    """What somebody who is handed the file needs to know of it."""
    late = _("Totaler från papper som en ledare skrev in efteråt. De ingår i försök och samtal.")
    return [
        (_("Kampanj"), title(question)),
        (_("Period"), period(question)),
        (_("Omfattar"), ", ".join(node.name for node in scope(person, question.campaign))),
        (_("Uppdelning"), ", ".join(breakdown_name(kind) for kind in question.by) or _("Ingen")),
        (_("Hämtad"), clock.now()),
        (_("Försök"), _("Knackade dörrar, ringda nummer och tilltalade personer, vare sig någon svarade eller inte.")),
        (ngettext("Samtal", "Samtal", 2), _("De försök där någon pratade med oss.")),
        (_("Samtalsandel"), _("Samtal delat med försök.")),
        (_("Förening"), _("Den som samtalaren hör till. Området är där det hände; de två följs inte alltid åt.")),
        *([(_("Efterrapport"), late)] if report.late.attempts else []),
    ]


def _plain(name: str) -> str:
    """The name in a-z, 0-9 and hyphens, which every file system takes."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = "".join(letter if letter.isalnum() else " " for letter in letters).split()
    return "-".join(words)[:LONGEST_FILE_NAME].strip("-")
