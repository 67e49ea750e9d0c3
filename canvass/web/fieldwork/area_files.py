"""Areas from a file of outlines: choose it, see what it would change, and confirm that."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db, geojson, i18n, texts
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
    choices = {
        "housing": housing,
        "file": texts.line(file.filename or "")[-80:],
        **{name: form.text(name) for name in ("code_field", "name_field")},
    }
    # A large file takes seconds to read. End the transaction first: on SQLite phones that send something would wait.
    db.let_go()
    return _read(organisation, file.read(), choices)


@bp.get("/<draft_id>")
def preview(draft_id: str) -> ResponseReturnValue:
    """What the file would add and change, compared with the areas as they are now."""
    draft = _draft(draft_id)
    if draft.is_spent:
        return _spent(draft)
    return _question(draft, {}) if draft.asks else _preview(draft, _plan(draft))


@bp.post("/<draft_id>/choose")
def choose_in(draft_id: str) -> ResponseReturnValue:
    """Read a file with the fields or the layer that somebody has chosen, and lead to its preview."""
    draft, form = _draft(draft_id), forms.Form()
    if draft.is_spent or not draft.asks:
        return redirect(url_for("area_files.preview", draft_id=draft.id), 303)
    offered = {name for name, _examples in draft.choices["offers"]}
    wanted = ("layer",) if draft.asks == "layer" else ("code_field", "name_field")
    chosen = {name: form.text(name) for name in wanted}
    if not chosen[wanted[0]] or not {name for name in chosen.values() if name} <= offered:
        return _question(draft, {wanted[0]: _("Välj i listan.")}), 422
    kept = {name: value for name, value in draft.choices.items() if name not in ("asks", "offers")}
    return _read(draft.organisation, draft.file, {**kept, **chosen}, draft)


@bp.post("/<draft_id>/confirm")
def confirm(draft_id: str) -> ResponseReturnValue:
    """Do what the preview said; 409 and a new preview if somebody has changed the areas since."""
    draft = _draft(draft_id)
    if draft.asks:
        return redirect(url_for("area_files.preview", draft_id=draft.id), 303)
    # Planning ends the transaction, so somebody may have tapped twice.
    plan = None if draft.is_spent else _plan(draft)
    if plan is None or draft.is_spent:
        return _spent(draft)
    if plan.mark != request.form.get("mark"):
        db.give_up()
        return _preview(draft, _plan(draft), is_stale=True), 409
    if request.form.get("joined"):
        plan = area_files.compare(draft.organisation, geojson.joined(plan.reading), housing=draft.choices["housing"])
    area_files.carry_out(
        plan,
        housing=draft.choices["housing"],
        skips_faulty=bool(request.form.get("rest")),
        by=auth.person(),
    )
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


def _read(
    organisation: Organisation, content: bytes, choices: dict[str, Any], asked: Draft | None = None
) -> ResponseReturnValue:
    """Read a file and lead to its preview, or to what has to be chosen first; 422 when nothing in it can be read.

    `asked` is the draft in which the file has waited for the choices.
    """
    asked_id = asked.id if asked else None
    db.let_go()  # reading and comparing a large file takes seconds, and on SQLite phones that send would wait
    fields = [choices.get(name) or None for name in ("code_field", "name_field", "layer")]
    reading = geojson.read(content, *fields)
    plan = area_files.compare(organisation, reading, housing=choices["housing"])
    if plan.problems and not reading.features:
        db.give_up()
        asked = _draft(asked_id) if asked_id else None
        return (_question(asked, {}, plan) if asked else _file_form(forms.Form(), plan)), 422
    db.let_go()
    if reading.asks:
        draft = area_files.keep_file(organisation, content, reading, choices, by=auth.person())
    else:
        draft = area_files.keep_draft(plan, choices, by=auth.person())
    if asked_id:
        area_files.discard(_draft(asked_id))
    db.session.commit()
    return redirect(url_for("area_files.preview", draft_id=draft.id), 303)


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


def _question(draft: Draft, errors: dict[str, str], plan: Plan | None = None) -> str:
    """The form for what has to be chosen before the file can be read."""
    return render_template(
        "areas/choose.html",
        draft=draft,
        form=forms.Form(),
        errors=errors,
        problems=plan.problems if plan else [],
        options=[(name, f"{name}: {examples}" if examples else name) for name, examples in draft.choices["offers"]],
        most=MOST_SHOWN,
    )


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
        elif column == "code":
            said.append(_("koden är nu %(code)s", code=value))
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
