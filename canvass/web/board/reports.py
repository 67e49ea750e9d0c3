"""Reports: choose what to count, look at it, print it, take it home as CSV or XLSX."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from canvass.board.reports import captions, labels, selections, totals
from canvass.board.reports.selections import Selection
from canvass.board.reports.totals import Report
from canvass.core import audit, clock, db, i18n, sheets
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.web.page import auth

bp = Blueprint("reports", __name__, url_prefix="/reports")

PREVIEW_ROWS = 50
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
    return _page(asked, {}, selection, totals.totals(person, selection))


@bp.post("/totals.csv")
def csv() -> ResponseReturnValue:
    """The report as CSV, for a Swedish Excel or, with dialect=rfc4180, for programs."""
    return _file("csv")


@bp.post("/totals.xlsx")
def xlsx() -> ResponseReturnValue:
    """The report as a workbook."""
    return _file("xlsx")


def _file(form: str) -> ResponseReturnValue:
    # All rows take a while: on SQLite every phone that has something to hand in would be waiting.
    db.session.rollback()
    db.read_only()
    person, asked = auth.person(), _asked()
    dialect: Any = request.args.get("dialect") or "excel-sv"
    try:
        selection = selections.selection(person, **asked)
        if dialect not in get_args(sheets.Dialect):
            raise Refused(_("Dialekten finns inte. Skriv dialect=rfc4180, eller utelämna den."))
        report = totals.totals(person, selection)
        content = _written(form, dialect, selection, report)
    except Refused as error:
        return _page(asked, error.errors), 422
    except sheets.TooManyRows as error:
        return _page(asked, {"by": str(error)}), 422
    response = make_response(content)
    response.headers["Content-Type"] = MIME[form]
    response.headers.set("Content-Disposition", "attachment", filename=f"{captions.file_name(selection)}.{form}")
    _note(form, selection, len(report.rows))
    return response


def _written(form: str, dialect: sheets.Dialect, selection: Selection, report: Report) -> bytes:
    if form == "csv":
        return b"".join(sheets.csv_bytes(report.headings, report.rows, dialect))
    notes = captions.notes(auth.person(), selection, report)
    return sheets.xlsx_bytes(captions.title(selection), report.headings, report.rows, notes)


def _note(form: str, selection: Selection, rows: int) -> None:
    """Record the export in the audit, in a transaction of its own: the one before has only read."""
    details = {
        "format": form,
        "campaign": selection.campaign.id if selection.campaign else None,
        "first": selection.first.isoformat() if selection.first else None,
        "last": selection.last.isoformat() if selection.last else None,
        "by": list(selection.by),
        "rows": rows,
    }
    top = selections.scope(auth.person(), selection.campaign)[0].id
    db.session.rollback()
    audit.record("report.export", person_id=current_user.id, organisation_id=top, **details)
    db.session.commit()


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
            for row in report.rows[:PREVIEW_ROWS]
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
