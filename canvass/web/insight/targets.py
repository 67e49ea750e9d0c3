"""The target tree: one node's target and its parts, proposals for them, and what is set."""

from __future__ import annotations

from collections.abc import Container
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import targets
from canvass.insight.targets import Part, Tree, Wish
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.page import auth, forms, fragments, level

bp = Blueprint("targets", __name__, url_prefix="/campaigns")

# Lines on one page; more than these are narrowed, not read.
MOST_SHOWN = 100
# With fewer parts than this nobody needs to search among them.
FEW = 8
# What is chosen of the list, kept in its addresses.
CHOICES = ("at", "of", "q", "all", "behind", "sort")


@bp.get("/<campaign_id>/targets")
def page(campaign_id: str) -> ResponseReturnValue:
    """The target of a node and of its parts; with ?by=… numbers are proposed in the fields, and nothing is saved."""
    return _page(campaign_id, forms.Form())


@bp.post("/<campaign_id>/targets")
def save(campaign_id: str) -> ResponseReturnValue:
    """All that were filled in, or nothing while one of them is wrong or has been changed by somebody else."""
    person, form = auth.person(), forms.Form()
    campaign = access.find(person, Campaign, campaign_id)
    if not access.standpoints(person, campaign.organisation_id, "target.set"):
        raise access.Forbidden("target.set")
    wishes = _wishes(person, form)
    has_changed, refused = False, set[str]()
    try:
        has_changed = targets.save(campaign, wishes, note=form.text("note"), by=person)
    except Refused as error:
        form.blame(error)
        refused = set(error.errors)
    if form.errors:
        db.session.rollback()
        return _page(campaign_id, form, refused), 422
    sentence = _said(campaign, wishes) if has_changed else _("Inget mål var ändrat.")
    db.session.commit()
    fragments.say(sentence)
    chosen = urlencode({name: value for name in CHOICES if (value := request.form.get(name))})
    return redirect(f"{url_for('targets.page', campaign_id=campaign_id)}?{chosen}", 303)


def _wishes(person: Person, form: forms.Form) -> dict[str, Wish]:
    """What was filled in, looked up through the person: 404 and 403 come before anything else."""
    nodes, grounds = (
        {name.removeprefix(prefix): name for name in request.form if name.startswith(prefix)}
        for prefix in ("target-", "area-")
    )
    # All at once where the person may; whatever is left is looked up by itself, and refused as it should be.
    mine = access.reach(person, "target.set")
    owners = db.session.scalars(select(Organisation).where(Organisation.id.in_(nodes), Organisation.id.in_(mine)))
    areas = db.session.scalars(select(Area).where(Area.id.in_(grounds), Area.organisation_id.in_(mine)))
    found = {nodes[owner.id]: (owner, "") for owner in owners}
    found |= {grounds[area.id]: (area.organisation, area.id) for area in areas}
    for organisation_id in [id_ for id_, name in nodes.items() if name not in found]:
        access.find(person, Organisation, organisation_id, "target.set")
    for area_id in [id_ for id_, name in grounds.items() if name not in found]:
        access.find(person, Area, area_id, "target.set")
    return {
        name: Wish(owner, area_id, number, form.whole(f"saw-{name}") or 0)
        for name, (owner, area_id) in found.items()
        if (number := form.whole(name)) is not None
    }


def _said(campaign: Campaign, wishes: dict[str, Wish]) -> str:
    """How the change of a single target is announced, where it is the page's own."""
    at = request.form.get("at", "")
    if set(wishes) != {f"target-{at}"}:
        return _("Målen är sparade.")
    return _revised(targets.history(campaign, at)[0])


def _revised(revision: targets.Revision) -> str:
    """A revision in words."""
    number = i18n.number(revision.number)
    if revision.before is None:
        return _("Målet sattes till %(number)s", number=number)
    if revision.number > revision.before:
        return _("Nu höjer vi till %(number)s", number=number)
    return _("Målet sänktes till %(number)s", number=number)


# --- the page -----------------------------------------------------------------------------------------------


def _page(campaign_id: str, form: forms.Form, refused: Container[str] = ()) -> str:
    """The page. Of what was `refused` it shows the newest; else a form that comes back has seen no more than before."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    here = level.of(campaign, "target.set")
    node = here.node
    wanted = request.values.get("q", "").strip()
    is_deep = bool(wanted or request.values.get("all"))
    only_behind, sort = bool(request.values.get("behind")), request.values.get("sort", "name")
    tree = targets.tree(campaign, node, request.values.get("of", ""), is_deep=is_deep)
    proposal = _proposal(tree, form)
    sent = [part for part in tree.parts if part.key in request.form]
    # A form that comes back has the lines it had, whatever has been talked since.
    found = targets.shown(sent or tree.parts, wanted, only_behind=only_behind and not sent, sort=sort)
    # All of the parts themselves, since a proposal is saved whole.
    parts = found[:MOST_SHOWN] if is_deep else found
    values = {part.key: _value(part, proposal, form) for part in parts}
    names = {part.key: part.name for part in parts}
    area = _area_of(node, request.args.get("area"))
    return render_template(
        "targets/page.html",
        campaign=campaign,
        node=node,
        level=here,
        tree=tree,
        parts=parts,
        hidden=len(found) - len(parts),
        values=values,
        saws={part.key: _saw(part, refused) for part in (tree.node, *parts)},
        others=_others(tree, parts),
        filled_in=_others(tree, parts) + sum(_whole(values[p.key]) or 0 for p in tree.direct if p.key in values),
        has_filter=is_deep or only_behind,
        may_filter=len(tree.direct) >= FEW or is_deep or only_behind or node.kind in organisations.ABOVE_MUNICIPAL,
        proposal=proposal,
        history=targets.history(campaign, node.id, area.id if area else ""),
        history_of=area,
        revised=_revised,
        sorts=[(name, targets.sort_name(name)) for name in targets.SORTS],
        bases=[
            (by, targets.basis_name(by))
            for by in targets.BASES
            if not (by == "members" and tree.of == "areas")  # nobody is a member of an area
        ],
        basis_name=targets.basis_name,
        choices={name: request.values.get(name, "") for name in CHOICES} | {"at": node.id, "of": tree.of, "sort": sort},
        may_count_members=access.may(person, "organisation.edit", node.id),
        form=form,
        errors=form.errors,
        summary={key: f"{names[key]}: {text}" if key in names else text for key, text in form.errors.items()},
    )


def _proposal(tree: Tree, form: forms.Form) -> targets.Proposal | None:
    """The numbers asked for with ?by=…, those ticked as ?keep=<id>:<number> left alone."""
    by = request.args.get("by")
    if by not in targets.BASES:
        return None
    number = _whole(request.args.get("number", "")) if request.args.get("number") else tree.node.target
    kept = dict(pair for text in request.args.getlist("keep") if (pair := _kept(text)))
    try:
        if number is None:
            raise Refused({"number": _("Skriv hur många samtal som ska fördelas.")})
        return targets.propose(tree.direct, by, number, kept)
    except Refused as error:
        form.blame(error)
        return None


def _kept(text: str) -> tuple[str, int] | None:
    part_id, _colon, typed = text.partition(":")
    number = _whole(typed)
    return None if number is None else (part_id, number)


def _whole(typed: str) -> int | None:
    plain = "".join(typed.split())
    return int(plain) if plain.isdecimal() and len(plain) <= 8 else None


def _saw(part: Part, refused: Container[str]) -> str:
    """Which revision of a target the one who looks has seen when they write."""
    before = request.form.get(f"saw-{part.key}")
    return str(part.revision) if before is None or part.key in refused else before


def _others(tree: Tree, parts: list[Part]) -> int:
    """What the parts that are not on the page add to the sum."""
    ids = {part.id for part in parts}
    return sum(part.target or 0 for part in tree.direct if part.id not in ids)


def _value(part: Part, proposal: targets.Proposal | None, form: forms.Form) -> str:
    """What stands in a part's field: what was typed, else what is proposed, else what is agreed."""
    proposed = proposal.numbers.get(part.id) if proposal else None
    agreed = part.target if proposed is None else proposed
    return form.text(part.key) or ("" if agreed is None else str(agreed))


def _area_of(node: Organisation, area_id: str | None) -> Area | None:
    """The node's own area whose history is asked for."""
    area = db.session.get(Area, area_id) if area_id else None
    if area_id and (area is None or area.organisation_id != node.id):
        raise access.NotFound(area_id)
    return area
