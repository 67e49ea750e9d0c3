"""Reports: choose what to count, look at it, print it, take it home as CSV or XLSX."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.board import reports
from canvass.board.reports import Question, Report
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
    """The question as a form, and the first of its rows. Opened without one, it asks what boards ask most often."""
    person, asked = auth.person(), _asked()
    if not request.args:
        asked |= _usual()
    try:
        question = reports.ask(person, **asked)
    except Refused as error:
        return _page(asked, error.errors), 422
    return _page(asked, {}, question, reports.totals(person, question))


@bp.get("/totals.csv")
def csv() -> ResponseReturnValue:
    """All rows, for a Swedish Excel or, with dialect=rfc4180, for programs."""
    return _file("csv")


@bp.get("/totals.xlsx")
def xlsx() -> ResponseReturnValue:
    """All rows as a workbook."""
    return _file("xlsx")


def _file(form: str) -> ResponseReturnValue:
    person, asked = auth.person(), _asked()
    dialect: Any = request.args.get("dialect") or "excel-sv"
    try:
        question = reports.ask(person, **asked)
        if dialect not in get_args(sheets.Dialect):
            raise Refused(_("Dialekten finns inte. Skriv dialect=rfc4180, eller utelämna den."))
        report = reports.totals(person, question)
        content = _written(form, dialect, question, report)
    except Refused as error:
        return _page(asked, error.errors), 422
    except sheets.TooManyRows as error:
        return _page(asked, {"by": str(error)}), 422
    response = make_response(content)
    response.headers["Content-Type"] = MIME[form]
    response.headers.set("Content-Disposition", "attachment", filename=f"{reports.file_name(question)}.{form}")
    _note(form, question, len(report.rows))
    return response


def _written(form: str, dialect: sheets.Dialect, question: Question, report: Report) -> bytes:
    if form == "csv":
        return b"".join(sheets.csv_bytes(report.headings, report.rows, dialect))
    notes = reports.notes(auth.person(), question, report)
    return sheets.xlsx_bytes(reports.title(question), report.headings, report.rows, notes)


def _note(form: str, question: Question, rows: int) -> None:
    """Put it on record that figures left the house. The file is ready: this request has only been reading until now."""
    details = {
        "format": form,
        "campaign": question.campaign.id if question.campaign else None,
        "first": question.first.isoformat() if question.first else None,
        "last": question.last.isoformat() if question.last else None,
        "by": list(question.by),
        "rows": rows,
    }
    top = reports.scope(auth.person(), question.campaign)[0].id
    db.session.rollback()
    audit.record("report.export", person_id=auth.person().id, organisation_id=top, **details)
    db.session.commit()


def _asked() -> dict[str, Any]:
    """The question as it stands in the address: `by` may be repeated, or hold several with commas between."""
    return {
        "campaign_id": request.args.get("campaign", "").strip(),
        "first": request.args.get("from", "").strip(),
        "last": request.args.get("to", "").strip(),
        "by": [word for part in request.args.getlist("by") for word in part.replace(",", " ").split()],
    }


def _usual() -> dict[str, Any]:
    """The latest campaign that has begun, by association."""
    begun = [campaign for campaign in reports.choices(auth.person()) if campaign.state != "draft"]
    return {"campaign_id": begun[0].id if begun else "", "by": ["association"]}


def _page(
    asked: dict[str, Any], errors: dict[str, str], question: Question | None = None, report: Report | None = None
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
        campaigns=[(c.id, f"{c.name} · {i18n.day(c.starts_on, 'MMM y')}") for c in reports.choices(auth.person())],
        breakdowns=[(kind, reports.breakdown_name(kind)) for kind in reports.BREAKDOWNS],
        report=report,
        title=reports.title(question) if question else "",
        period=reports.period(question) if question else "",
        scope=reports.scope(auth.person(), question.campaign) if question else [],
        preview=_preview(report) if report else {},
        address=address,
        now=clock.now(),
    )


def _preview(report: Report) -> dict[str, list[Any]]:
    """The first rows as (text, code, whether a figure): a phone has no room for codes in columns of their own."""
    beside = [isinstance(heading, reports.Code) for heading in [*report.headings, ""]]
    columns = [(i, beside[i + 1], i >= report.labels) for i in range(len(report.headings)) if not beside[i]]
    return {
        "headings": [(report.headings[i], is_figure) for i, _has_code, is_figure in columns],
        "rows": [
            [(_shown(row[i]), row[i + 1] if has_code else None, is_figure) for i, has_code, is_figure in columns]
            for row in report.rows[:PREVIEW_ROWS]
        ],
    }


def _shown(value: sheets.Cell) -> str:
    """A cell as people read it on a page."""
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return i18n.day(value)
    return i18n.percent(value) if isinstance(value, sheets.Percent) else i18n.number(float(value))
