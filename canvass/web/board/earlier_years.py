"""Results of earlier years: a CSV file, its preview, and undoing it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.board import earlier_years
from canvass.board.earlier_years import EarlierImport, Year
from canvass.core import clock, db, sheets
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.web.page import auth, forms, fragments

bp = Blueprint("earlier_years", __name__)

# Rows of a preview on one page, of either sort; and years beside each other for those beneath.
MOST_SHOWN = 300
YEARS_BESIDE = 4


@bp.get("/organisations/<organisation_id>/earlier-years")
def page(organisation_id: str) -> ResponseReturnValue:
    """Year by year, imported and counted; for leaders also the way to import."""
    organisation = access.find(auth.person(), Organisation, organisation_id, "campaign.see")
    return _page(organisation, forms.Form())


@bp.post("/organisations/<organisation_id>/earlier-years")
def read_file(organisation_id: str) -> ResponseReturnValue:
    """Read the file and show what it would do. Nothing stands until that is confirmed."""
    person, form, file = auth.person(), forms.Form(), request.files.get("file")
    organisation = access.find(person, Organisation, organisation_id, "campaign.edit")
    try:
        if not file:
            raise Refused(_("Välj en fil."))
        # One byte too many is enough to see that it is too large.
        rows = earlier_years.read(file.read(earlier_years.LIMIT_BYTES + 1))
    except Refused as error:
        form.errors["file"] = str(error)
        return _page(organisation, form), 422
    kept = earlier_years.keep(organisation, rows, by=person)
    db.session.commit()
    return redirect(url_for("earlier_years.preview", import_id=kept.id), 303)


@bp.get("/organisations/<organisation_id>/earlier-years/example.csv")
def example(organisation_id: str) -> ResponseReturnValue:
    """A file to fill in: last year, with a row for each organisation directly beneath."""
    organisation = access.find(auth.person(), Organisation, organisation_id, "campaign.edit")
    columns = [name for name in earlier_years.headings() if name != "channel"]
    headings = [earlier_years.headings()[name] for name in columns]
    nodes = organisations.children(organisation.id) or [organisation]
    rows = [[node.name, node.code or None, clock.today().year - 1, None, None] for node in nodes]
    response = make_response(b"".join(sheets.csv_bytes(headings, rows)))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers.set("Content-Disposition", "attachment", filename=_("tidigare-ar.csv"))
    return response


@bp.get("/earlier-years/<import_id>")
def preview(import_id: str) -> ResponseReturnValue:
    """What each row would do, as things stand now."""
    waiting = _import(import_id)
    return _spent(waiting) if waiting.confirmed_at else _preview(waiting)


@bp.post("/earlier-years/<import_id>/confirm")
def confirm(import_id: str) -> ResponseReturnValue:
    """Let it stand; the preview again while there are faulty rows and nobody has said to leave them out."""
    waiting = _import(import_id)
    try:
        number = earlier_years.confirm(waiting, skips_faulty=bool(request.form.get("skip")), by=auth.person())
    except Refused as error:
        db.session.rollback()
        return _preview(_import(import_id), str(error)), 422
    db.session.commit()
    if number:
        fragments.say(ngettext("%(num)s resultat är inläst.", "%(num)s resultat är inlästa.", number))
    return _spent(waiting)


@bp.post("/earlier-years/<import_id>/cancel")
def cancel(import_id: str) -> ResponseReturnValue:
    """Never mind that file."""
    waiting = _import(import_id)
    answer = _spent(waiting)
    if waiting.confirmed_at is None:
        db.session.delete(waiting)
        db.session.commit()
        fragments.say(_("Ingenting är inläst."))
    return answer


@bp.post("/earlier-years/<import_id>/undo")
def undo(import_id: str) -> ResponseReturnValue:
    """Take a whole import back."""
    done = _import(import_id)
    earlier_years.undo(done, by=auth.person())
    db.session.commit()
    fragments.say(_("Inläsningen är ångrad. Det som gällde före den gäller igen."))
    return _spent(done)


def _import(import_id: str) -> EarlierImport:
    return access.find(auth.person(), EarlierImport, import_id, "campaign.edit")


def _spent(one: EarlierImport) -> ResponseReturnValue:
    return redirect(url_for("earlier_years.page", organisation_id=one.organisation_id), 303)


def _page(organisation: Organisation, form: forms.Form) -> str:
    person = auth.person()
    may_import = access.may(person, "campaign.edit", organisation.id)
    years = earlier_years.compare(organisation)
    beside = sorted({one.year for one in years}, reverse=True)[:YEARS_BESIDE]
    beneath = organisations.children(organisation.id)
    by_year = {year: earlier_years.results([node.id for node in beneath], year) for year in beside}
    return render_template(
        "earlier_years/page.html",
        organisation=organisation,
        years=years,
        this_year=clock.today().year,
        bars=_bars(years),
        beside=beside,
        beneath=[
            (node, [by_year[year].get(node.id) for year in beside])
            for node in beneath
            if any(node.id in found for found in by_year.values())
        ],
        imports=earlier_years.imports(organisation) if may_import else [],
        may_import=may_import,
        may_open=access.may(person, "organisation.see", organisation.id),
        form=form,
        errors=form.errors,
    )


def _bars(years: list[Year]) -> list[dict[str, Any]]:
    """A bar for each year, the latest first; of one that is there twice, the imported."""
    results = {one.year: one.conversations for one in reversed(years)}
    most = max(results.values(), default=0) or 1
    return [
        {"label": str(year), "value": results[year], "share": results[year] / most} for year in sorted(results)[::-1]
    ]


def _preview(waiting: EarlierImport, error: str = "") -> str:
    plan = earlier_years.plan(waiting.organisation, waiting.content)
    return render_template(
        "earlier_years/preview.html",
        waiting=waiting,
        plan=plan,
        # What changes something first.
        rows=sorted(plan.taken, key=lambda row: ("changed", "new", "same").index(row.outcome))[:MOST_SHOWN],
        most=MOST_SHOWN,
        looks=_looks(),
        errors={"skip": error} if error and plan.taken else {"": error} if error else {},
    )


def _looks() -> dict[str, tuple[str, str]]:
    """How each outcome of a row is shown: its look and its word."""
    return {
        "new": ("ok", _("Ny")),
        "changed": ("warning", _("Ändras")),
        "same": ("draft", _("Oförändrad")),
        "unmatched": ("error", _("Okänd")),
        "double": ("error", _("Dubbel")),
        "unreadable": ("error", _("Oläslig")),
    }
