"""What is written around a report: its title, its period, the name of its file, and notes on what it holds."""

from __future__ import annotations

import unicodedata

from canvass.board.reports import selections
from canvass.board.reports.rows import Log
from canvass.board.reports.selections import Selection
from canvass.board.reports.totals import Report
from canvass.core import clock, i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.sheets import Cell
from canvass.members.people import Person

LONGEST_FILE_NAME = 60


def title(selection: Selection) -> str:
    """The campaign's name."""
    return selection.campaign.name if selection.campaign else _("Alla kampanjer")


def period(selection: Selection) -> str:
    """The days it covers, in words."""
    if selection.first and selection.last:
        return f"{i18n.day(selection.first)} – {i18n.day(selection.last)}"
    if selection.first:
        return _("Från och med %(day)s", day=i18n.day(selection.first))
    if selection.last:
        return _("Till och med %(day)s", day=i18n.day(selection.last))
    return _("Alla dagar")


def file_name(selection: Selection, *, is_log: bool = False) -> str:
    """A name for the file without its extension, such as samtal-varkampanjen-2026-05-06; `is_log` for one of rows."""
    parts = [_("samtal"), _("rader") if is_log else "", _plain(selection.campaign.name) if selection.campaign else ""]
    if selection.first:
        parts.append(selection.first.isoformat())
    if selection.first or selection.last:
        parts.append(_("till"))
    parts.append((selection.last or clock.today()).isoformat())
    return "-".join(part for part in parts if part)


def notes(person: Person, selection: Selection, report: Report | Log) -> list[tuple[str, Cell]]:
    """What somebody who is handed the file needs to know about it."""
    late = _("Totaler från papper som en ledare skrev in efteråt. De ingår i försök och samtal.")
    is_log = isinstance(report, Log)
    has_late = report.has_late if isinstance(report, Log) else bool(report.late.attempts)
    by = ", ".join(selections.breakdown_name(kind) for kind in selection.by) or _("Ingen")
    return [
        (_("Kampanj"), title(selection)),
        (_("Period"), period(selection)),
        (_("Omfattar"), ", ".join(node.name for node in selections.scope(person, selection.campaign))),
        *([] if is_log else [(_("Uppdelning"), by)]),
        (_("Hämtad"), clock.now()),
        (_("Försök"), _("Knackade dörrar, ringda nummer och tilltalade personer, vare sig någon svarade eller inte.")),
        (ngettext("Samtal", "Samtal", 2), _("De försök där någon pratade med oss.")),
        *([] if is_log else [(_("Samtalsandel"), _("Samtal delat med försök."))]),
        (_("Förening"), _("Den som samtalaren hör till. Området är där det hände; de två följs inte alltid åt.")),
        *([(_("Efterrapport"), late)] if has_late else []),
    ]


def _plain(name: str) -> str:
    """The name in a-z, 0-9 and hyphens, which every file system takes."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = "".join(letter if letter.isalnum() else " " for letter in letters).split()
    return "-".join(words)[:LONGEST_FILE_NAME].strip("-")
