"""Results of earlier years: the page, the upload of a file, its preview, and confirming and undoing it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.board.earlier_years import files, imports, previews, results
from canvass.board.earlier_years.models import EarlierImport
from canvass.core import clock, db, sheets
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.web.page import auth, forms, fragments

bp = Blueprint("earlier_years", __name__)

# The most rows on a preview, of those taken and of the faulty ones each; and years in the table of those beneath.
MOST_SHOWN = 300
YEARS_BESIDE = 4


@bp.get("/organisations/<organisation_id>/earlier-years")
def page(organisation_id: str) -> ResponseReturnValue:
    """An organisation's results year by year, imported and counted here; for leaders also the form to upload a file."""
    organisation = access.find(auth.person(), Organisation, organisation_id, "campaign.see")
    return _page(organisation, forms.Form())


@bp.post("/organisations/<organisation_id>/earlier-years")
def read_file(organisation_id: str) -> ResponseReturnValue:
    """Keep the rows of a file for the preview, where they can be confirmed."""
    person, form, file = auth.person(), forms.Form(), request.files.get("file")
    organisation = access.find(person, Organisation, organisation_id, "campaign.edit")
    try:
        if not file:
            raise Refused(_("Välj en fil."))
        db.let_go()  # reading a file takes long
        # One byte more than allowed is enough to know that the file is too large.
        rows = files.read(file.read(files.LIMIT_BYTES + 1))
    except Refused as error:
        form.errors["file"] = str(error)
        db.give_up()
        return _page(organisation, form), 422
    kept = imports.keep(organisation, rows, by=person)
    db.session.commit()
    return redirect(url_for("earlier_years.preview", import_id=kept.id), 303)


@bp.get("/organisations/<organisation_id>/earlier-years/example.csv")
def example(organisation_id: str) -> ResponseReturnValue:
    """A file to fill in: a row for each organisation directly beneath, for last year."""
    organisation = access.find(auth.person(), Organisation, organisation_id, "campaign.edit")
    columns = [name for name in files.headings() if name != "channel"]
    headings = [files.headings()[name] for name in columns]
    nodes = organisations.children(organisation.id) or [organisation]
    rows = [[node.name, node.code or None, clock.today().year - 1, None, None] for node in nodes]
    response = make_response(b"".join(sheets.csv_bytes(headings, rows)))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers.set("Content-Disposition", "attachment", filename=_("tidigare-ar.csv"))
    return response


@bp.get("/earlier-years/<import_id>")
def preview(import_id: str) -> ResponseReturnValue:
    """What each row of the file would do."""
    waiting = _import(import_id)
    return _spent(waiting) if waiting.confirmed_at else _preview(waiting)


@bp.post("/earlier-years/<import_id>/confirm")
def confirm(import_id: str) -> ResponseReturnValue:
    """Import the file; the preview again while it has faulty rows and the form does not say to skip them."""
    waiting = _import(import_id)
    try:
        skips = bool(request.form.get("skip"))
        number = imports.confirm(waiting, skips_faulty=skips, chosen=_chosen(), by=auth.person())
    except Refused as error:
        db.give_up()
        return _preview(_import(import_id), str(error)), 422
    db.session.commit()
    if number:
        fragments.say(ngettext("%(num)s resultat är inläst.", "%(num)s resultat är inlästa.", number))
    return _spent(waiting)


@bp.post("/earlier-years/<import_id>/cancel")
def cancel(import_id: str) -> ResponseReturnValue:
    """Delete a file that has not been confirmed."""
    waiting = _import(import_id)
    answer = _spent(waiting)
    if waiting.confirmed_at is None:
        db.session.delete(waiting)
        db.session.commit()
        fragments.say(_("Ingenting är inläst."))
    return answer


@bp.post("/earlier-years/<import_id>/undo")
def undo(import_id: str) -> ResponseReturnValue:
    """Undo an import."""
    done = _import(import_id)
    imports.undo(done, by=auth.person())
    db.session.commit()
    fragments.say(_("Inläsningen är ångrad. Det som gällde före den gäller igen."))
    return _spent(done)


def _chosen() -> dict[str, str]:
    """The organisation that was chosen for each line that may be about several."""
    prefix = "line-"
    return {name.removeprefix(prefix): id_ for name, id_ in request.form.items() if name.startswith(prefix)}


def _import(import_id: str) -> EarlierImport:
    return access.find(auth.person(), EarlierImport, import_id, "campaign.edit")


def _spent(one: EarlierImport) -> ResponseReturnValue:
    """On to the page of the organisation: there is nothing left to decide about the file."""
    return redirect(url_for("earlier_years.page", organisation_id=one.organisation_id), 303)


def _page(organisation: Organisation, form: forms.Form) -> str:
    person = auth.person()
    may_import = access.may(person, "campaign.edit", organisation.id)
    years = results.compare(organisation)
    beside = sorted({one.year for one in years}, reverse=True)[:YEARS_BESIDE]
    beneath = organisations.children(organisation.id)
    by_year = results.by_year([organisation.id, *(node.id for node in beneath)])
    return render_template(
        "earlier_years/page.html",
        organisation=organisation,
        years=years,
        this_year=clock.today().year,
        bars=_bars({year: found[organisation.id] for year, found in by_year.items() if organisation.id in found}),
        beside=beside,
        beneath=[
            (node, [by_year.get(year, {}).get(node.id) for year in beside])
            for node in beneath
            if any(node.id in by_year.get(year, {}) for year in beside)
        ],
        imports=imports.at(organisation) if may_import else [],
        may_import=may_import,
        may_open=access.may(person, "organisation.see", organisation.id),
        form=form,
        errors=form.errors,
    )


def _bars(by_year: dict[int, int]) -> list[dict[str, Any]]:
    """A bar for each year, the latest first."""
    most = max(by_year.values(), default=0) or 1
    return [
        {"label": str(year), "value": by_year[year], "share": by_year[year] / most} for year in sorted(by_year)[::-1]
    ]


def _preview(waiting: EarlierImport, error: str = "") -> str:
    chosen = _chosen()
    preview = previews.preview(waiting.organisation, waiting.content, chosen)
    return render_template(
        "earlier_years/preview.html",
        waiting=waiting,
        preview=preview,
        # Rows that change something come first.
        rows=sorted(preview.taken, key=lambda row: ("changed", "new", "same").index(row.outcome))[:MOST_SHOWN],
        most=MOST_SHOWN,
        # A line with several years is asked about once.
        doubtful={row.line: row for row in preview.rows if row.candidates},
        chosen=chosen,
        looks=_looks(),
        errors={"skip": error} if error and preview.taken else {"": error} if error else {},
    )


def _looks() -> dict[str, tuple[str, str]]:
    """The look and the word of each outcome of a row."""
    return {
        "new": ("ok", _("Ny")),
        "changed": ("warning", _("Ändras")),
        "same": ("draft", _("Oförändrad")),
        "unmatched": ("error", _("Okänd")),
        "several": ("warning", _("Oklar")),
        "double": ("error", _("Dubbel")),
        "unreadable": ("error", _("Oläslig")),
    }
