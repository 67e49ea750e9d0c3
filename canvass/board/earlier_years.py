"""Earlier years: results from before, imported from CSV to compare with. They are never counted as this year's."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, ForeignKey, Select, String, UniqueConstraint, delete, func, select
from sqlalchemy import insert as insert_rows
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock
from canvass.core.db import Base, Id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign, Target
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

LIMIT_BYTES = 1_000_000
MOST_ROWS = 5_000
FIRST_YEAR = 1990
LONGEST_CELL = 200
MOST_SUGGESTIONS = 100

# What a column may be called, in either language and in either's spreadsheets.
HEADINGS = {
    "organisation": "organisation förening s-förening arbetarekommun kommun namn name association municipality",
    "code": "kod kommunkod organisationskod code municipality_code",
    "year": "år year",
    "channel": "sätt kanal channel way",
    "conversations": "samtal antal_samtal resultat conversations result",
    "target": "mål samtalsmål target goal",
}
CHANNELS = {
    "": " alla totalt all total",
    "door": "dörr dörrknackning door doors",
    "phone": "telefon ringning phone phones",
    "stall": "torg kampanjbord torg/kampanjbord stall stalls",
    "digital": "digitalt digital",
    "workplace": "arbetsplats arbetsplatser workplace workplaces",
}


class EarlierImport(Base):
    """One file: first a preview, then confirmed, perhaps undone."""

    __tablename__ = "earlier_imports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # What was read of the file, until it is confirmed.
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    confirmed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person | None] = relationship()


class EarlierResult(Base):
    """What an organisation reached in a year; `channel` is '' for all ways of talking together."""

    __tablename__ = "earlier_results"
    __table_args__ = (UniqueConstraint("import_id", "organisation_id", "year", "channel"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    import_id: Mapped[str] = mapped_column(Id, ForeignKey(EarlierImport.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    year: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20), default="")
    conversations: Mapped[int]
    target: Mapped[int | None]


@dataclass(frozen=True)
class Row:
    """What a row of the file comes to: new, changed, same, or the fault that keeps it out."""

    line: int
    name: str
    outcome: str
    sentence: str = ""
    organisation: Organisation | None = None
    year: int | None = None
    channel: str = ""
    conversations: int | None = None
    target: int | None = None
    # What stands for the same organisation, year and channel until now.
    before: EarlierResult | None = None


@dataclass(frozen=True)
class Plan:
    """What a file would do, row by row, as things stand now."""

    rows: list[Row] = field(default_factory=list)

    @cached_property
    def taken(self) -> list[Row]:
        return [row for row in self.rows if row.outcome in ("new", "changed", "same")]

    @cached_property
    def faulty(self) -> list[Row]:
        return [row for row in self.rows if row.outcome not in ("new", "changed", "same")]

    def number(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.rows)


@dataclass(frozen=True)
class Year:
    """A year's result at an organisation: imported, or counted here."""

    year: int
    is_imported: bool
    conversations: int
    target: int | None
    # How many organisations beneath it is the sum of; 0 when it was said of the organisation itself.
    parts: int = 0

    @property
    def attainment(self) -> float | None:
        """Conversations ÷ target; None without a target."""
        return self.conversations / self.target if self.target else None


# --- a file -------------------------------------------------------------------------------------------------


def read(content: bytes) -> list[dict[str, Any]]:
    """The rows of a CSV as a Swedish or an English Excel saves it: each column by its name, and the line.

    Rows without any figure are left out. Raises Refused with a sentence.
    """
    if len(content) > LIMIT_BYTES:
        raise Refused(_("Filen är för stor. Den får vara högst 1 MB."))
    if content.startswith(b"PK"):
        raise Refused(_("Det där är en arbetsbok. Öppna den i Excel och spara den som CSV."))
    lines = _text(content).splitlines(keepends=True)
    # Excel's own way of saying which separator it used.
    skipped = 1 if lines and lines[0].casefold().startswith("sep=") else 0
    header = lines[skipped] if len(lines) > skipped else ""
    reader = csv.reader(lines[skipped:], delimiter=max(";\t,", key=header.count))
    try:
        names = _columns(next(reader, []))
        rows: list[dict[str, Any]] = []
        for cells in reader:
            row = {name: _cell(cells[at]) for name, at in names.items() if at < len(cells)}
            if row.get("conversations") or row.get("target"):
                rows.append({"line": reader.line_num + skipped, **row})
    except csv.Error:
        raise Refused(_("Filen går inte att läsa som CSV.")) from None
    if not rows:
        raise Refused(_("Filen har inga rader med siffror."))
    if len(rows) > MOST_ROWS:
        raise Refused(_("Filen har fler än 5 000 rader. Dela den i flera."))
    return rows


def plan(organisation: Organisation, rows: Iterable[dict[str, Any]]) -> Plan:
    """What these rows would do beneath the organisation."""
    find = _Register([node for _depth, node in organisations.tree([organisation.id])])
    standing = _standing(organisations.beneath(organisation.id))
    seen: dict[tuple[str, int, str], int] = {}
    return Plan([_planned(row, find, standing, seen) for row in rows])


def keep(organisation: Organisation, rows: list[dict[str, Any]], *, by: Person) -> EarlierImport:
    """Keep the rows until they are confirmed, instead of any that the person left waiting there."""
    waiting = delete(EarlierImport).where(EarlierImport.confirmed_at.is_(None))
    session.execute(waiting.where(EarlierImport.organisation == organisation, EarlierImport.created_by_id == by.id))
    kept = EarlierImport(organisation=organisation, content=rows, created_by_id=by.id)
    session.add(kept)
    session.flush()
    return kept


def confirm(waiting: EarlierImport, *, skips_faulty: bool, by: Person) -> int:
    """Let the rows stand; how many. None of them while there are faulty ones that may not be left out: raises Refused.

    The second of two taps finds nothing left to do.
    """
    locked = _locked(waiting)
    if locked.confirmed_at is not None:
        return 0
    found = plan(locked.organisation, locked.content)
    if found.faulty and not skips_faulty:
        raise Refused(_("Rätta filen och välj den på nytt, eller hoppa över de felaktiga raderna."))
    if not found.taken:
        raise Refused(_("Ingen rad går att läsa in."))
    locked.confirmed_at, locked.content = clock.now(), []
    values = [
        {
            "id": new_id(),
            "import_id": locked.id,
            "organisation_id": row.organisation.id,
            "year": row.year,
            "channel": row.channel,
            "conversations": row.conversations,
            "target": row.target,
        }
        for row in found.taken
        if row.organisation
    ]
    session.execute(insert_rows(EarlierResult), values)
    _note("earlier_years.import", locked, by, rows=len(values))
    return len(values)


def undo(done: EarlierImport, *, by: Person) -> None:
    """Let it no longer stand: what it replaced does again."""
    locked = _locked(done)
    if locked.confirmed_at is not None and locked.undone_at is None:
        locked.undone_at = clock.now()
        _note("earlier_years.undo", locked, by)


def imports(organisation: Organisation) -> list[tuple[EarlierImport, int]]:
    """The imports that stand and were made at this organisation, the latest first, each with its number of rows."""
    number = func.count(EarlierResult.id)
    query = (
        select(EarlierImport.id, number)
        .join(EarlierResult, EarlierResult.import_id == EarlierImport.id)
        .where(EarlierImport.organisation_id == organisation.id, EarlierImport.undone_at.is_(None))
        .group_by(EarlierImport.id)
    )
    found = [(session.get_one(EarlierImport, key), rows) for key, rows in session.execute(query)]
    return sorted(found, key=lambda one: (one[0].confirmed_at or one[0].created_at, one[0].id), reverse=True)


def _locked(one: EarlierImport) -> EarlierImport:
    return session.get_one(EarlierImport, one.id, with_for_update={"of": EarlierImport}, populate_existing=True)


def _note(action: str, one: EarlierImport, by: Person, **details: object) -> None:
    audit.record(action, person_id=by.id, organisation_id=one.organisation_id, earlier_import=one.id, **details)


# --- what its cells say -------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused(_("Filen går inte att läsa som text. Spara den som CSV i UTF-8."))


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where each column is. Raises Refused when one that is needed is missing."""
    words = {word.replace("_", " "): name for name, words in HEADINGS.items() for word in words.split()}
    # Whatever our own example is headed with, in the language of the moment.
    words |= {heading.casefold(): name for name, heading in headings().items()}
    found: dict[str, int] = {}
    for at, heading in enumerate(header):
        name = words.get(_cell(heading).casefold())
        if name:
            found.setdefault(name, at)
    missing = [headings()[name] for name in ("year", "conversations") if name not in found]
    if "organisation" not in found and "code" not in found:
        missing.insert(0, headings()["organisation"])
    if missing:
        raise Refused(
            _("Första raden ska säga vad kolumnerna heter. Det här saknas: %(columns)s.", columns=", ".join(missing))
        )
    return found


def headings() -> dict[str, str]:
    """What the columns of our own example are called."""
    return {
        "organisation": _("Organisation"),
        "code": _("Kommunkod"),
        "year": _("År"),
        "channel": _("Sätt"),
        "conversations": ngettext("Samtal", "Samtal", 2),
        "target": _("Mål"),
    }


def _cell(text: str) -> str:
    """Without the space around it, nor the apostrophe that our own files put before what looks like a formula."""
    return " ".join(text.split()).removeprefix("'")[:LONGEST_CELL]


def _planned(
    row: dict[str, Any],
    find: _Register,
    standing: dict[tuple[str, int, str], EarlierResult],
    seen: dict[tuple[str, int, str], int],
) -> Row:
    line, name, code = row["line"], row.get("organisation", ""), row.get("code", "")
    year, conversations = _whole(row.get("year", "")), _whole(row.get("conversations", ""))
    target, typed = _whole(row.get("target", "")), row.get("channel", "").casefold()
    channel = next((key for key, words in CHANNELS.items() if typed in words.split(" ")), None)
    last = clock.today().year - 1

    def fault(outcome: str, sentence: str) -> Row:
        return Row(line, name or code, outcome, sentence)

    if year is None or not FIRST_YEAR <= year <= last:
        return fault("unreadable", _("Året ska vara mellan %(first)s och %(last)s.", first=FIRST_YEAR, last=last))
    if conversations is None or not 0 <= conversations <= campaigns.LARGEST_TARGET:
        return fault(
            "unreadable", _("Antalet samtal går inte att läsa: ”%(text)s”.", text=row.get("conversations", ""))
        )
    if row.get("target") and (target is None or not 0 <= target <= campaigns.LARGEST_TARGET):
        return fault("unreadable", _("Målet går inte att läsa: ”%(text)s”.", text=row["target"]))
    if channel is None:
        return fault("unreadable", _("Sättet är okänt: ”%(text)s”.", text=row["channel"]))
    organisation, sentence = find(name, code)
    if organisation is None:
        return fault("unmatched", sentence)
    key = (organisation.id, year, channel)
    if seen.setdefault(key, line) != line:
        return fault("double", _("Samma sak står redan på rad %(line)s.", line=seen[key]))
    before = standing.get(key)
    is_same = before is not None and (before.conversations, before.target) == (conversations, target)
    outcome = "new" if before is None else "same" if is_same else "changed"
    return Row(line, organisation.name, outcome, "", organisation, year, channel, conversations, target, before)


def _whole(text: str) -> int | None:
    """1264, 1 264, 1.264, 1,264 and 1264,00 as a number; None for anything else."""
    text = re.sub(r"[.,]0{1,2}$", "", "".join(text.split()))
    return int(re.sub(r"\D", "", text)) if re.fullmatch(r"\d{1,12}|\d{1,3}([.,]\d{3}){1,3}", text, re.ASCII) else None


class _Register:
    """Which organisation a row speaks of: by its code, its name, or its name without what kind it is."""

    def __init__(self, nodes: Iterable[Organisation]) -> None:
        self.suggestions = 0
        self.codes: dict[str, list[Organisation]] = {}
        self.names: dict[str, list[Organisation]] = {}
        self.short: dict[str, list[Organisation]] = {}
        for node in nodes:
            if node.code:
                self.codes.setdefault(node.code, []).append(node)
            self.names.setdefault(_folded(node.name), []).append(node)
            for name in _shortened(node.name):
                self.short.setdefault(name, []).append(node)

    def __call__(self, name: str, code: str) -> tuple[Organisation | None, str]:
        """The organisation, else None and a sentence that helps."""
        # A spreadsheet takes codes for numbers and drops the zero that some begin with.
        by_code = self.codes.get(code) or self.codes.get(code.zfill(4)) or []
        by_name = self.names.get(_folded(name)) or list(
            {node.id: node for short in _shortened(name) for node in self.short.get(short, [])}.values()
        )
        found = by_code or by_name
        if by_code and by_name:
            found = [node for node in by_name if node in by_code]
            if not found:
                one, other = by_code[0].name, by_name[0].name
                return None, _("Koden hör till %(one)s men namnet till %(other)s.", one=one, other=other)
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, _("Flera kan menas: %(names)s.", names=", ".join(sorted(node.name for node in found[:4])))
        return None, self._help(name, code)

    def _help(self, name: str, code: str) -> str:
        if not name:
            return _("Ingen organisation här har koden %(code)s.", code=code) if code else _("Organisation saknas.")
        # Finding the closest takes a while: a file that is wholly astray has enough of them soon.
        self.suggestions += 1
        known = {**self.short, **self.names} if self.suggestions <= MOST_SUGGESTIONS else {}
        close = difflib.get_close_matches(_folded(name), known, n=1)
        if not close:
            return _("Finns inte här.")
        suggested = (self.names.get(close[0]) or self.short[close[0]])[0]
        return _("Finns inte här. Menas %(name)s?", name=suggested.name)


_KIND = re.compile(r"\W+(s-förening(en)?|arbetarekommun|partidistrikt|kommun|län)$")


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _shortened(name: str) -> set[str]:
    """Norrköping for Norrköpings arbetarekommun, and what that may have been without its genitive."""
    folded = _folded(name)
    short = _KIND.sub("", folded)
    return {short} - {""} if short == folded else {short, short.removesuffix("s")}


# --- reading ------------------------------------------------------------------------------------------------


def results(organisation_ids: Select[str] | Iterable[str], year: int) -> dict[str, int]:
    """Conversations of that year for each of these organisations of which anything is known.

    An imported result is what somebody has said of the organisation as a whole. Without one it is what was counted
    here together with the results of those beneath.
    """
    wanted = list(session.scalars(select(Organisation.id).where(Organisation.id.in_(organisation_ids))))
    children, beneath = _children(wanted), organisations.beneath_any(wanted)
    said = imported(beneath).get(year, {})
    counts = counted(beneath, year).get(year, {})

    def of(node: str) -> int | None:
        if node in said:
            return said[node].conversations
        parts = [counts.get(node), *map(of, children.get(node, []))]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    return {node: number for node in wanted if (number := of(node)) is not None}


def compare(organisation: Organisation) -> list[Year]:
    """What is known of each year, the latest first. One that was imported and counted here too is there twice."""
    beneath, children = organisations.beneath(organisation.id), _children([organisation.id])
    found = []
    for year, said in imported(beneath).items():
        parts = _own_or_beneath(organisation.id, said, children)
        targets = [part.target for part in parts if part.target is not None]
        found.append(
            Year(
                year,
                True,
                sum(part.conversations for part in parts),
                # The target of some would make the result of all look better than it was.
                sum(targets) if len(targets) == len(parts) else None,
                0 if organisation.id in said else len(parts),
            )
        )
    targets_here = _targets(organisation.id)
    for year, counts in counted(beneath).items():
        found.append(Year(year, False, sum(counts.values()), targets_here.get(year)))
    return sorted(found, key=lambda one: (-one.year, not one.is_imported))


@dataclass(frozen=True)
class Said:
    """What was imported of one organisation and year."""

    conversations: int
    target: int | None


def imported(organisation_ids: Select[str]) -> dict[int, dict[str, Said]]:
    """What was imported, by year and organisation; not summed up the tree.

    The figure for all ways of talking together wins over the sum of the separate ones.
    """
    by_channel: dict[tuple[int, str], dict[str, EarlierResult]] = {}
    for (organisation_id, year, channel), row in _standing(organisation_ids).items():
        by_channel.setdefault((year, organisation_id), {})[channel] = row
    found: dict[int, dict[str, Said]] = {}
    for (year, organisation_id), rows in by_channel.items():
        used = [rows[""]] if "" in rows else list(rows.values())
        targets = [row.target for row in used if row.target is not None]
        target = sum(targets) if len(targets) == len(used) else None
        found.setdefault(year, {})[organisation_id] = Said(sum(row.conversations for row in used), target)
    return found


def counted(organisation_ids: Select[str], year: int | None = None) -> dict[int, dict[str, int]]:
    """The conversations counted here by year and organisation, over all campaigns; not summed up the tree."""
    when = func.substr(tallies.Tally.key, 1, 4)
    query = (
        select(when, tallies.Tally.organisation_id, func.sum(tallies.Tally.number))
        # Named, so that the counters' key is searched and not all of them read.
        .where(tallies.Tally.campaign_id.in_(select(Campaign.id)), tallies.Tally.dimension == "day")
        .where(tallies.Tally.organisation_id.in_(organisation_ids), tallies.Tally.outcome == campaigns.TALKED)
        .group_by(when, tallies.Tally.organisation_id)
    )
    if year is not None:
        query = query.where(tallies.Tally.key.between(f"{year}-01-01", f"{year}-12-31"))
    found: dict[int, dict[str, int]] = {}
    for one, organisation_id, number in session.execute(query):
        if number:
            found.setdefault(int(one), {})[organisation_id] = int(number)
    return found


def _standing(organisation_ids: Select[str]) -> dict[tuple[str, int, str], EarlierResult]:
    """The figure that stands for each organisation, year and channel: the latest import that is not undone wins."""
    query = (
        select(EarlierResult)
        .join(EarlierImport, EarlierImport.id == EarlierResult.import_id)
        .where(EarlierResult.organisation_id.in_(organisation_ids))
        .where(EarlierImport.confirmed_at.is_not(None), EarlierImport.undone_at.is_(None))
        .order_by(EarlierImport.confirmed_at, EarlierImport.id)
    )
    return {(row.organisation_id, row.year, row.channel): row for row in session.scalars(query)}


def _children(tops: Sequence[str]) -> dict[str | None, list[str]]:
    query = select(Organisation.parent_id, Organisation.id).where(Organisation.id.in_(organisations.beneath_any(tops)))
    found: dict[str | None, list[str]] = {}
    for parent_id, organisation_id in session.execute(query):
        found.setdefault(parent_id, []).append(organisation_id)
    return found


def _own_or_beneath(node: str, said: dict[str, Said], children: dict[str | None, list[str]]) -> list[Said]:
    """What was said of the organisation as a whole, else of the parts it has."""
    if node in said:
        return [said[node]]
    return [part for child in children.get(node, []) for part in _own_or_beneath(child, said, children)]


def _targets(organisation_id: str) -> dict[int, int]:
    """The organisation's targets at present in the campaigns that began each year, together."""
    query = (
        select(Target.campaign_id, Campaign.starts_on, Target.number)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Target.organisation_id == organisation_id, Target.area_id == "", Campaign.opened_at.is_not(None))
        .order_by(Target.revision)
    )
    latest = {campaign_id: (starts_on.year, number) for campaign_id, starts_on, number in session.execute(query)}
    found: dict[int, int] = {}
    for year, number in latest.values():
        found[year] = found.get(year, 0) + number
    return found
