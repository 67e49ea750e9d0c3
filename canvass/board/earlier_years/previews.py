"""The preview of a file: what each of its rows would change, or why it cannot be imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from canvass.board.earlier_years import files, results
from canvass.board.earlier_years.models import EarlierResult
from canvass.board.earlier_years.registers import Register
from canvass.board.earlier_years.results import Key
from canvass.core import clock
from canvass.core.i18n import gettext as _
from canvass.fieldwork import targets
from canvass.members import organisations
from canvass.members.organisations import Organisation

FIRST_YEAR = clock.FIRST_DAY.year
# What a channel may be called in a file; '' is all channels together.
CHANNELS = {
    "": " alla totalt all total",
    "door": "dörr dörrknackning door doors",
    "phone": "telefon ringning phone phones",
    "stall": "torg kampanjbord torg/kampanjbord stall stalls",
    "digital": "digitalt digital",
    "workplace": "arbetsplats arbetsplatser workplace workplaces",
}
TAKEN = ("new", "changed", "same")


@dataclass(frozen=True)
class Row:
    """What a row of the file would do: new, changed, same; or its fault: unreadable, unmatched, double."""

    line: int
    name: str
    outcome: str
    sentence: str = ""
    organisation: Organisation | None = None
    year: int | None = None
    channel: str = ""
    conversations: int | None = None
    target: int | None = None
    # The result in effect for the same organisation, year and channel.
    before: EarlierResult | None = None


@dataclass(frozen=True)
class Preview:
    """What a file would do, row by row."""

    rows: list[Row] = field(default_factory=list)

    @cached_property
    def taken(self) -> list[Row]:
        """The rows that can be imported."""
        return [row for row in self.rows if row.outcome in TAKEN]

    @cached_property
    def faulty(self) -> list[Row]:
        """The rows that cannot."""
        return [row for row in self.rows if row.outcome not in TAKEN]

    def number(self, outcome: str) -> int:
        """How many rows have this outcome."""
        return sum(row.outcome == outcome for row in self.rows)


def preview(organisation: Organisation, rows: Iterable[dict[str, Any]]) -> Preview:
    """What these rows (as files.read gives them) would do at the organisation and beneath it, as things are now."""
    register = Register([node for _depth, node in organisations.tree([organisation.id])])
    in_effect = results.in_effect(organisations.beneath(organisation.id))
    lines: dict[Key, int] = {}
    return Preview([_previewed(row, register, in_effect, lines) for row in rows])


def _previewed(
    row: dict[str, Any], register: Register, in_effect: dict[Key, EarlierResult], lines: dict[Key, int]
) -> Row:
    """One row. `lines` are those of the rows before it, by what they are about; its own is added."""
    line, name, code = row["line"], row.get("organisation", ""), row.get("code", "")
    year, conversations = files.whole(row.get("year", "")), files.whole(row.get("conversations", ""))
    target, typed = files.whole(row.get("target", "")), row.get("channel", "").casefold()
    channel = next((key for key, words in CHANNELS.items() if typed in words.split(" ")), None)
    last = clock.today().year - 1

    def fault(outcome: str, sentence: str) -> Row:
        return Row(line, name or code, outcome, sentence)

    if year is None or not FIRST_YEAR <= year <= last:
        return fault("unreadable", _("Året ska vara mellan %(first)s och %(last)s.", first=FIRST_YEAR, last=last))
    if conversations is None or not 0 <= conversations <= targets.LARGEST_TARGET:
        return fault(
            "unreadable", _("Antalet samtal går inte att läsa: ”%(text)s”.", text=row.get("conversations", ""))
        )
    if row.get("target") and (target is None or not 0 <= target <= targets.LARGEST_TARGET):
        return fault("unreadable", _("Målet går inte att läsa: ”%(text)s”.", text=row["target"]))
    if channel is None:
        return fault("unreadable", _("Sättet är okänt: ”%(text)s”.", text=row["channel"]))
    organisation, sentence = register.find(name, code)
    if organisation is None:
        return fault("unmatched", sentence)
    key = (organisation.id, year, channel)
    if lines.setdefault(key, line) != line:
        return fault("double", _("Samma sak står redan på rad %(line)s.", line=lines[key]))
    before = in_effect.get(key)
    is_same = before is not None and (before.conversations, before.target) == (conversations, target)
    outcome = "new" if before is None else "same" if is_same else "changed"
    return Row(line, organisation.name, outcome, "", organisation, year, channel, conversations, target, before)
