"""Reports: choose what to count, look at it, print it, take it home as CSV or XLSX."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from itertools import islice
from typing import IO, Any, get_args

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from canvass.board.reports import captions, labels, rows, selections, totals
from canvass.board.reports.rows import Log
from canvass.board.reports.selections import Selection
from canvass.board.reports.totals import Report
from canvass.core import audit, clock, db, i18n, sheets
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members.people import Person
from canvass.web.page import auth

bp = Blueprint("reports", __name__, url_prefix="/reports")

PREVIEW_ROWS = 50
PIECE = 128 * 1024  # bytes of a file sent at a time
MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@bp.get("")
def index() -> ResponseReturnValue:
    """The selection as a form, and the first rows of its report. Without a query string it is the latest campaign."""
    person, asked = auth.person(), _asked()
    if not request.args:
        asked |= _usual()
    try:
        selection = selections.selection(person, **asked)
    except Refused as error:
        return _page(asked, error.errors), 422
    with closing(totals.totals(person, selection)) as report:
        return _page(asked, {}, selection, report)


@bp.post("/totals.csv")
def csv() -> ResponseReturnValue:
    """The report as CSV, for a Swedish Excel or, with dialect=rfc4180, for programs."""
    return _file("csv", totals.totals)


@bp.post("/totals.xlsx")
def xlsx() -> ResponseReturnValue:
    """The report as a workbook."""
    return _file("xlsx", totals.totals)


@bp.post("/rows.csv")
def rows_csv() -> ResponseReturnValue:
    """The attempts themselves, however they are divided on the page, as CSV."""
    return _file("csv", rows.rows)


@bp.post("/rows.xlsx")
def rows_xlsx() -> ResponseReturnValue:
    """The attempts themselves as a workbook."""
    return _file("xlsx", rows.rows)


def _file(form: str, read: Callable[[Person, Selection], Report | Log]) -> ResponseReturnValue:
    # Three steps, one after the other: read all, write the file, send it. So the transaction is as short as can be (on
    # SQLite the WAL grows while one is open), and neither it nor a thread waits for a slow line. What goes wrong is an
    # error page and not half a file, and the audit says how many rows were taken.
    db.session.rollback()
    db.read_only()
    person, asked = auth.person(), _asked()
    dialect: Any = request.args.get("dialect") or "excel-sv"
    try:
        selection = selections.selection(person, **asked)
        if dialect not in get_args(sheets.Dialect):
            raise Refused(_("Dialekten finns inte. Skriv dialect=rfc4180, eller utelämna den."))
    except Refused as error:
        return _page(asked, error.errors), 422
    with closing(read(person, selection)) as report:
        notes = captions.notes(person, selection, report)
        name = f"{captions.file_name(selection, is_log=isinstance(report, Log))}.{form}"
        title = captions.title(selection)
        details = _details(form, selection, report)
        top = selections.scope(person, selection.campaign)[0].id
        db.session.rollback()
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- the response closes it
        try:
            if form == "csv":
                file.writelines(sheets.csv_bytes(report.headings, report.rows, dialect))
            else:
                sheets.write_xlsx(file, title, report.headings, report.rows, notes)
            audit.record("report.export", person_id=current_user.id, organisation_id=top, **details)
            db.session.commit()
        except BaseException:
            file.close()
            raise
    return _sent(file, MIME[form], name)


def _details(form: str, selection: Selection, report: Report | Log) -> dict[str, Any]:
    """What the audit says of an export."""
    return {
        "format": form,
        "campaign": selection.campaign.id if selection.campaign else None,
        "first": selection.first.isoformat() if selection.first else None,
        "last": selection.last.isoformat() if selection.last else None,
        **({"table": "rows"} if isinstance(report, Log) else {"by": list(selection.by)}),
        "rows": report.count,
    }


def _sent(file: IO[bytes], mime: str, name: str) -> Response:
    """A response that sends the file piece by piece and closes it, which deletes it."""

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(PIECE):
                yield piece

    size = file.seek(0, 2)
    file.seek(0)
    response = Response(pieces())
    response.headers.update({"Content-Type": mime, "Content-Length": str(size)})
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.call_on_close(file.close)  # also when nothing was sent
    return response


def _asked() -> dict[str, Any]:
    """The selection as the address says it; `by` may be repeated, or hold several with commas between."""
    return {
        "campaign_id": request.args.get("campaign", "").strip(),
        "first": request.args.get("from", "").strip(),
        "last": request.args.get("to", "").strip(),
        "by": [word for part in request.args.getlist("by") for word in part.replace(",", " ").split()],
    }


def _usual() -> dict[str, Any]:
    """The latest campaign that has been opened, by association."""
    begun = [campaign for campaign in selections.choices(auth.person()) if campaign.state != "draft"]
    return {"campaign_id": begun[0].id if begun else "", "by": ["association"]}


def _page(
    asked: dict[str, Any], errors: dict[str, str], selection: Selection | None = None, report: Report | None = None
) -> str:
    def address(form: str, **more: str) -> str:
        query = {
            "campaign": asked["campaign_id"],
            "from": asked["first"],
            "to": asked["last"],
            "by": asked["by"],
            **more,
        }
        return url_for(f"reports.{form}", **{name: value for name, value in query.items() if value})

    return render_template(
        "reports/index.html",
        asked=asked,
        errors=errors,
        campaigns=[(c.id, f"{c.name} · {i18n.day(c.starts_on, 'MMM y')}") for c in selections.choices(auth.person())],
        breakdowns=[(kind, selections.breakdown_name(kind)) for kind in selections.BREAKDOWNS],
        report=report,
        title=captions.title(selection) if selection else "",
        period=captions.period(selection) if selection else "",
        scope=selections.scope(auth.person(), selection.campaign) if selection else [],
        preview=_preview(report) if report else {},
        address=address,
        now=clock.now(),
    )


def _preview(report: Report) -> dict[str, list[Any]]:
    """The first rows with cells of text, code and whether it is a figure: codes share a cell with what they are of."""
    beside = [isinstance(heading, labels.Code) for heading in [*report.headings, ""]]
    columns = [(i, beside[i + 1], i >= report.labels) for i in range(len(report.headings)) if not beside[i]]
    return {
        "headings": [(report.headings[i], is_figure) for i, _has_code, is_figure in columns],
        "rows": [
            [(_shown(row[i]), row[i + 1] if has_code else None, is_figure) for i, has_code, is_figure in columns]
            for row in map(sheets.flat, islice(report.rows, PREVIEW_ROWS))
        ],
    }


def _shown(value: sheets.Cell) -> str:
    """A cell as text in the language of the moment."""
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return i18n.day(value)
    return i18n.percent(value) if isinstance(value, sheets.Percent) else i18n.number(float(value))
