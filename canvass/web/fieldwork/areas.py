"""Areas: the list with its map, one area, and the form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.areas import Area
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.page import auth, drawings, forms, fragments
from canvass.web.page.drawings import Drawing

bp = Blueprint("areas", __name__, url_prefix="/areas")

# How many rows and outlines a page shows at most. Nobody reads a longer list; it is searched.
MOST_SHOWN = 400
# An area is drawn among its neighbours, which are looked for among so many.
MOST_DRAWN = 3000

# --- looking ------------------------------------------------------------------------------------------------


@bp.get("")
def index() -> ResponseReturnValue:
    """The areas the person may see, by owner, with a map; narrowed by the words and the organisation asked for."""
    person = auth.person()
    wanted, owner = request.args.get("q", "").strip(), request.args.get("organisation", "")
    known, tree = areas.seen_by(person), _tree(person)
    lines = _lines(tree)
    found = [
        area for area in known if areas.has_words(area, wanted) and (not owner or owner in lines[area.organisation_id])
    ]
    shown = [area for area in found if not area.retired_at][:MOST_SHOWN]
    retired = [area for area in found if area.retired_at]
    return render_template(
        "areas/index.html",
        groups=_by_owner(shown),
        retired=retired[:MOST_SHOWN],
        hidden=len(found) - len(retired) - len(shown),
        hidden_retired=max(0, len(retired) - MOST_SHOWN),
        drawing=drawings.draw(
            (outline, area.name, url_for("areas.page", area_id=area.id), "")
            for area in areas.with_outlines(shown)
            if (outline := area.geometry)
        ),
        total=len(known),
        wanted=wanted,
        owner=owner,
        owners=_owners(tree, set().union(*(lines[area.organisation_id] for area in known))),
        may_edit=access.may_anywhere(person, "area.edit"),
    )


@bp.get("/<area_id>")
def page(area_id: str) -> ResponseReturnValue:
    """One area among its neighbours, and what has been counted there."""
    person = auth.person()
    area = access.find(person, Area, area_id)
    return render_template(
        "areas/page.html",
        area=area,
        drawing=_surroundings(area),
        counts=_counts(person, area),
        may_edit=access.may(person, "area.edit", area.organisation_id),
    )


# --- by hand ------------------------------------------------------------------------------------------------


@bp.get("/new")
def new() -> ResponseReturnValue:
    """An empty form, with the organisation and housing of the area that was added just before."""
    kept = {name: request.args.get(name, "") for name in ("organisation", "housing")}
    return _form(forms.Form(**kept), None)


@bp.post("")
def create() -> ResponseReturnValue:
    """Add an area; 422 and the form again with what is wrong."""
    person, form = auth.person(), forms.Form()
    organisation = access.find(person, Organisation, form.text("organisation"), "area.edit")
    try:
        area = areas.add(organisation, by=person, **_fields(form))
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.give_up()
        return _form(form, None), 422
    db.session.commit()
    fragments.say(_("%(name)s är tillagt.", name=area.name))
    if form.text("then") == "next":
        return redirect(url_for("areas.new", organisation=area.organisation_id, housing=area.housing), 303)
    return redirect(url_for("areas.page", area_id=area.id), 303)


@bp.get("/<area_id>/edit")
def edit(area_id: str) -> ResponseReturnValue:
    """The form with what is known of the area."""
    area = access.find(auth.person(), Area, area_id, "area.edit")
    return _form(_filled(area), area)


@bp.post("/<area_id>/edit")
def save(area_id: str) -> ResponseReturnValue:
    """Change the area; 422 and the form again with what is wrong. The person must have the right at a new owner too."""
    person = auth.person()
    area = access.find(person, Area, area_id, "area.edit")
    db.hold(area)
    form = _filled(area)
    form.settle()
    organisation = access.find(person, Organisation, form.text("organisation"), "area.edit")
    try:
        areas.edit(area, organisation=organisation, by=person, **_fields(form))
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.give_up()
        return _form(form, access.find(person, Area, area_id)), 422
    db.session.commit()
    fragments.say(_("Området är sparat."))
    return redirect(url_for("areas.page", area_id=area_id), 303)


@bp.post("/<area_id>/retire")
def retire(area_id: str) -> ResponseReturnValue:
    """Take the area out of use; what was counted there stays."""
    area = access.find(auth.person(), Area, area_id, "area.edit")
    areas.retire(area, by=auth.person())
    db.session.commit()
    fragments.say(_("%(name)s är ur bruk. Samtalen som räknats där finns kvar.", name=area.name))
    return redirect(url_for("areas.page", area_id=area_id), 303)


@bp.post("/<area_id>/bring-back")
def bring_back(area_id: str) -> ResponseReturnValue:
    """Take the area into use again."""
    area = access.find(auth.person(), Area, area_id, "area.edit")
    areas.bring_back(area, by=auth.person())
    db.session.commit()
    fragments.say(_("%(name)s är i bruk igen.", name=area.name))
    return redirect(url_for("areas.page", area_id=area_id), 303)


# --- forms --------------------------------------------------------------------------------------------------


def _fields(form: forms.Form) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "code": form.text("code"),
        "housing": form.text("housing"),
        "households": form.whole("households"),
    }


def _filled(area: Area) -> forms.Form:
    return forms.Form(
        organisation=area.organisation_id,
        name=area.name,
        code=area.code,
        housing=area.housing,
        households="" if area.households is None else area.households,
    )


def _form(form: forms.Form, area: Area | None) -> str:
    return render_template(
        "areas/form.html",
        form=form,
        errors=form.errors,
        area=area,
        owners=own_choices(),
        housing_options=housing_choices(),
    )


def own_choices() -> list[tuple[str, str]]:
    """The organisations whose areas the person may edit, indented by depth. Raises access.Forbidden if none."""
    tree = organisations.tree(access.nodes(auth.person(), "area.edit"))
    if not tree:
        raise access.Forbidden("area.edit")
    return _choices(tree)


def _choices(tree: Iterable[tuple[int, Organisation]]) -> list[tuple[str, str]]:
    return [(node.id, "\N{EM SPACE}" * depth + node.name) for depth, node in tree]


def housing_choices() -> list[tuple[str, str]]:
    return [(housing, areas.housing_name(housing)) for housing in ("", *areas.HOUSING)]


# --- lists and maps -----------------------------------------------------------------------------------------


def _by_owner(shown: list[Area]) -> list[tuple[Organisation, list[Area]]]:
    groups: dict[str, list[Area]] = {}
    for area in shown:
        groups.setdefault(area.organisation_id, []).append(area)
    owners = organisations.in_order(group[0].organisation for group in groups.values())
    return [(owner, groups[owner.id]) for owner in owners]


def _tree(person: Person) -> list[tuple[int, Organisation]]:
    """The whole trees in which the person has a role. The owners of all areas they may see are among them."""
    return organisations.tree({organisations.above(node)[-1].id for node in access.nodes(person)})


def _lines(tree: Iterable[tuple[int, Organisation]]) -> dict[str, set[str]]:
    """For each organisation its own id and those above it, without a query for each."""
    lines: dict[str, set[str]] = {}
    for _depth, node in tree:
        lines[node.id] = {node.id} | lines.get(node.parent_id or "", set())
    return lines


def _owners(tree: Iterable[tuple[int, Organisation]], used: set[str]) -> list[tuple[str, str]]:
    """The organisations to narrow the list to: those that own areas, or have ones beneath them that do."""
    return _choices((depth, node) for depth, node in tree if node.id in used)


def _counts(person: Person, area: Area) -> list[tuple[campaigns.Campaign, tallies.Count]]:
    """Per campaign, the latest first, what has been counted there where the person has a role."""
    seen = [c for c in campaigns.seen_by(person) if areas.serves(area, c.organisation_id)]
    tops = {c.id: [node.id for node in access.tops(person, c.organisation_id)] for c in seen}
    counts = tallies.at_tops(tops, {top for some in tops.values() for top in some}, "area", area.id)
    found = [(c, tallies.added(counts[c.id, top] for top in tops[c.id] if (c.id, top) in counts)) for c in seen]
    return [(campaign, count) for campaign, count in found if count.attempts]


def _surroundings(area: Area) -> Drawing:
    """A map of the area among its owner's others."""
    own = area.geometry
    if own is None:
        return Drawing()
    frame = drawings.frame_of([own], drawings.WIDTH, drawings.WIDTH / 5)
    others = [other for other in areas.owned_by(area.organisation_id) if other.id != area.id]
    shown = [
        (outline, other.name, url_for("areas.page", area_id=other.id), "")
        for other in (areas.with_outlines(others) if len(others) < MOST_DRAWN else [])
        if (outline := other.geometry) and drawings.is_within(frame, outline)
    ]
    return drawings.draw_in(frame, [*shown, (own, area.name, "", "chosen")])
