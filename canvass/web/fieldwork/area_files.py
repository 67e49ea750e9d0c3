"""Areas from a file of outlines: choose it, see what it would change, and confirm that."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db, geojson, i18n
from canvass.core.i18n import gettext as _
from canvass.fieldwork import area_files, areas
from canvass.fieldwork.area_files import Change, Draft, Plan
from canvass.members import access
from canvass.members.organisations import Organisation
from canvass.web.fieldwork.areas import MOST_SHOWN, housing_choices, own_choices
from canvass.web.page import auth, drawings, forms, fragments
from canvass.web.page.drawings import Drawing

bp = Blueprint("area_files", __name__, url_prefix="/areas/import")


@bp.get("")
def choose() -> ResponseReturnValue:
    """The form for a file and the organisation that its areas are for."""
    return _file_form(forms.Form(organisation=request.args.get("organisation", "")), None)


@bp.post("")
def read() -> ResponseReturnValue:
    """Read the file and lead to its preview; 422 and the form again with every fault of the file."""
    person, form = auth.person(), forms.Form()
    file, housing = request.files.get("file"), form.text("housing")
    organisation = access.find(person, Organisation, form.text("organisation"), "area.edit")
    if not file:
        form.errors["file"] = _("Välj en fil.")
    if housing not in ("", *areas.HOUSING):
        form.errors["housing"] = _("Välj en boendeform.")
    if form.errors or not file:
        db.give_up()
        return _file_form(form, None), 422
    # A large file takes seconds to read. End the transaction first: on SQLite phones that send something would wait.
    db.let_go()
    code_field, name_field = form.text("code_field") or None, form.text("name_field") or None
    reading = geojson.read(file.read(), code_field=code_field, name_field=name_field)
    if reading.problems:
        db.give_up()
        return _file_form(form, area_files.compare(organisation, reading, housing=housing)), 422
    plan = Plan(organisation, reading)
    draft = area_files.keep_draft(plan, {"housing": housing, "file": (file.filename or "")[-80:]}, by=person)
    db.session.commit()
    return redirect(url_for("area_files.preview", draft_id=draft.id), 303)


@bp.get("/<draft_id>")
def preview(draft_id: str) -> ResponseReturnValue:
    """What the file would add and change, compared with the areas as they are now."""
    draft = _draft(draft_id)
    return _spent(draft) if draft.is_spent else _preview(draft, _plan(draft))


@bp.post("/<draft_id>/confirm")
def confirm(draft_id: str) -> ResponseReturnValue:
    """Do what the preview said; 409 and a new preview if somebody has changed the areas since."""
    draft = _draft(draft_id)
    # Planning ends the transaction, so somebody may have tapped twice.
    plan = None if draft.is_spent else _plan(draft)
    if plan is None or draft.is_spent:
        return _spent(draft)
    if plan.mark != request.form.get("mark"):
        db.give_up()
        return _preview(draft, _plan(draft), is_stale=True), 409
    area_files.carry_out(plan, housing=draft.choices["housing"], by=auth.person())
    area_files.spend(draft)
    db.session.commit()
    fragments.say(
        _(
            "Filen är inläst. Nya områden: %(added)s. Ändrade: %(changed)s.",
            added=i18n.number(len(plan.added)),
            changed=i18n.number(len(plan.changed)),
        )
    )
    return _spent(draft)


@bp.post("/<draft_id>/cancel")
def cancel(draft_id: str) -> ResponseReturnValue:
    """Delete the draft without importing it."""
    area_files.discard(_draft(draft_id))
    db.session.commit()
    fragments.say(_("Ingenting är inläst."))
    return redirect(url_for("areas.index"), 303)


def _draft(draft_id: str) -> Draft:
    """The person's own draft. They must still have the right to edit the areas it would change."""
    found = area_files.draft(draft_id, of=auth.person())
    if found is None:
        raise access.NotFound(draft_id)
    access.require(auth.person(), "area.edit", found.organisation_id)
    return found


def _plan(draft: Draft) -> Plan:
    return area_files.compare(draft.organisation, draft.reading, housing=draft.choices["housing"])


def _spent(draft: Draft) -> ResponseReturnValue:
    return redirect(url_for("areas.index", organisation=draft.organisation_id), 303)


def _preview(draft: Draft, plan: Plan, *, is_stale: bool = False) -> str:
    return render_template(
        "areas/preview.html",
        draft=draft,
        plan=plan,
        changes=[(change, _what_changes(change)) for change in plan.changed[:MOST_SHOWN]],
        drawing=_plan_drawing(plan),
        most=MOST_SHOWN,
        is_stale=is_stale,
    )


def _what_changes(change: Change) -> list[str]:
    """The new value of each changed column, in words."""
    area, said = change.area, []
    for column, value in change.values.items():
        if column == "name":
            said.append(_("heter nu %(name)s", name=value))
        elif column == "outline":
            said.append(_("ny gräns") if area.outline else _("får en gräns"))
        elif column == "housing":
            said.append(_("boendeform: %(housing)s", housing=areas.housing_name(value)))
        elif column == "households":
            said.append(_("hushåll: %(number)s", number=i18n.number(value)))
        elif column == "retired_at":
            said.append(_("tas i bruk igen"))
    return said


def _file_form(form: forms.Form, plan: Plan | None) -> str:
    """The form for a file. A plan is that of a file with faults: they are listed, and what could be read is drawn."""
    problems = plan.problems if plan else []
    if problems:
        many = i18n.ngettext("Filen har ett fel.", "Filen har %(num)s fel.", len(problems))
        form.errors["file"] = problems[0].sentence if len(problems) == 1 else many
    return render_template(
        "areas/import.html",
        form=form,
        errors=form.errors,
        owners=own_choices(),
        housing_options=housing_choices(),
        problems=problems,
        plan=plan,
        drawing=_plan_drawing(plan) if plan else Drawing(),
        most=MOST_SHOWN,
        limit=geojson.LIMIT_BYTES // 1_000_000,
    )


def _plan_drawing(plan: Plan) -> Drawing:
    """A map of the file's outlines: new, changed and unchanged in different looks."""
    changed = [change.feature for change in plan.changed]
    shown = [(feature.geometry, feature.name, "", "changed") for feature in changed]
    shown += [(feature.geometry, feature.name, "", "added") for feature in plan.added]
    shown += [(outline, area.name, "", "") for area in plan.unchanged if (outline := area.geometry)]
    if len(shown) <= MOST_SHOWN:
        return drawings.draw(shown)
    return _in_one_piece(drawings.draw(shown, drawings.COARSE_WIDTH))


def _in_one_piece(drawing: Drawing) -> Drawing:
    """The map with one path for each look: a browser is slow to show thousands, too small to point at anyway."""
    names = {"added": _("Nya områden"), "changed": _("Ändrade områden"), "": _("Oförändrade områden")}
    paths: dict[str, list[str]] = {}
    for outline in drawing.outlines:
        paths.setdefault(outline["look"], []).append(outline["path"])
    return Drawing(
        drawing.box,
        [{"path": "".join(all_), "name": names[look], "look": look, "url": ""} for look, all_ in paths.items()],
    )
