"""The target tree: the target of one organisation and its parts, proposals for them, and setting them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.insight.forecasts import sentences
from canvass.insight.targets import lists, proposals, revisions, trees
from canvass.insight.targets.parts import Part
from canvass.insight.targets.proposals import Proposal
from canvass.insight.targets.revisions import Revision, Wish
from canvass.insight.targets.trees import Tree
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.page import auth, forms, fragments, level

bp = Blueprint("targets", __name__, url_prefix="/campaigns")

# The most parts on a page when the whole tree is listed.
MOST_SHOWN = 100
# With fewer parts than this there is no need to search among them.
FEW = 8
# What is chosen on the page, kept in its addresses.
CHOICES = ("at", "of", "q", "all", "behind", "sort")


@bp.get("/<campaign_id>/targets")
def page(campaign_id: str) -> ResponseReturnValue:
    """The target of an organisation and of its parts; with ?by=… their fields hold a proposal, which is not saved."""
    return _page(campaign_id, forms.Form())


@bp.post("/<campaign_id>/targets")
def save(campaign_id: str) -> ResponseReturnValue:
    """Save all targets that were filled in, or none if one of them is wrong or was changed by somebody else since."""
    person, form = auth.person(), forms.Form()
    campaign = access.find(person, Campaign, campaign_id)
    if not access.tops(person, campaign.organisation_id, "target.set"):
        raise access.Forbidden("target.set")
    wishes = _wishes(person, form)
    has_changed, refused = False, set[str]()
    try:
        has_changed = revisions.save(campaign, wishes, note=form.text("note"), by=person)
    except Refused as error:
        form.blame(error)
        refused = set(error.errors)
    if form.errors:
        db.give_up()
        return _page(campaign_id, form, refused), 422
    sentence = _said(campaign, wishes) if has_changed else _("Inget mål var ändrat.")
    db.session.commit()
    fragments.say(sentence)
    chosen: dict[str, Any] = {name: value for name in CHOICES if (value := request.form.get(name))}
    return redirect(url_for("targets.page", campaign_id=campaign_id, **chosen), 303)


def _wishes(person: Person, form: forms.Form) -> dict[str, Wish]:
    """The targets that were filled in, by field. Raises access.NotFound, access.Forbidden before anything is saved."""
    nodes, grounds = (
        {name.removeprefix(prefix): name for name in request.form if name.startswith(prefix)}
        for prefix in ("target-", "area-")
    )
    # Those that the person may set in two queries; each of the others one by one, which raises.
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
    """What to say when it is saved: the revision in words if it is the page's own target that was set, and no other."""
    at = request.form.get("at", "")
    if set(wishes) != {f"target-{at}"}:
        return _("Målen är sparade.")
    return _revised(revisions.history(campaign, at)[0])


def _revised(revision: Revision) -> str:
    """A revision in words."""
    number = i18n.number(revision.number)
    if revision.before is None:
        return _("Målet sattes till %(number)s", number=number)
    if revision.number > revision.before:
        return _("Nu höjer vi till %(number)s", number=number)
    return _("Målet sänktes till %(number)s", number=number)


# --- the page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Filter:
    """Which parts the list shows: those with the words of `wanted`, at all levels if `is_deep`, in this order."""

    wanted: str
    is_deep: bool
    only_behind: bool
    sort: str

    @property
    def is_used(self) -> bool:
        """Does it show anything else than all parts directly beneath?"""
        return self.is_deep or self.only_behind


def _filter() -> _Filter:
    """The filter that is asked for."""
    wanted = request.values.get("q", "").strip()
    return _Filter(
        wanted,
        is_deep=bool(wanted or request.values.get("all")),
        only_behind=bool(request.values.get("behind")),
        sort=request.values.get("sort", "name"),
    )


def _page(campaign_id: str, form: forms.Form, refused: Container[str] = ()) -> str:
    """The page. A form that comes back has seen the same revisions as before, and the newest of what was `refused`."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    here = level.of(campaign, "target.set")
    node, chosen = here.node, _filter()
    tree = trees.tree(campaign, node, request.values.get("of", ""), is_deep=chosen.is_deep)
    proposal = _proposal(tree, form)
    found = _found(tree, chosen)
    # A proposal is saved as a whole, so all parts directly beneath are on the page, however many.
    parts = found[:MOST_SHOWN] if chosen.is_deep else found
    values = {part.key: _value(part, proposal, form) for part in parts}
    others = _others(tree, parts)
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
        others=others,
        filled_in=others + sum(_whole(values[part.key]) or 0 for part in tree.direct if part.key in values),
        has_filter=chosen.is_used,
        may_filter=len(tree.direct) >= FEW or chosen.is_used or node.kind in organisations.ABOVE_MUNICIPAL,
        proposal=proposal,
        choices={name: request.values.get(name, "") for name in CHOICES}
        | {"at": node.id, "of": tree.of, "sort": chosen.sort},
        of_plan=sentences.of_plan,
        may_count_members=access.may(person, "organisation.edit", node.id),
        form=form,
        errors=form.errors,
        summary=_summary(parts, form),
        **_history(campaign, node),
        **_names(tree),
    )


def _found(tree: Tree, chosen: _Filter) -> list[Part]:
    """The parts that the filter lets through; of a form that comes back those it had, whatever has changed since."""
    sent = [part for part in tree.parts if part.key in request.form]
    return lists.shown(sent or tree.parts, chosen.wanted, only_behind=chosen.only_behind and not sent, sort=chosen.sort)


def _summary(parts: list[Part], form: forms.Form) -> dict[str, str]:
    """The form's errors for the summary at the top, with the names of the parts that they are about."""
    names = {part.key: part.name for part in parts}
    return {key: f"{names[key]}: {text}" if key in names else text for key, text in form.errors.items()}


def _history(campaign: Campaign, node: Organisation) -> dict[str, Any]:
    """The template's values for the history of the node's target, or of that of the area asked for."""
    area = _area_of(node, request.args.get("area"))
    found = revisions.history(campaign, node.id, area.id if area else "")
    return {"history": found, "history_of": area, "revised": _revised}


def _names(tree: Tree) -> dict[str, Any]:
    """The template's values for the choices of sorting and of a basis for proposals."""
    return {
        "sorts": [(name, lists.sort_name(name)) for name in lists.SORTS],
        "bases": [
            (by, proposals.basis_name(by))
            for by in proposals.BASES
            if not (by == "members" and tree.of == "areas")  # areas have no members
        ],
        "basis_name": proposals.basis_name,
    }


def _proposal(tree: Tree, form: forms.Form) -> Proposal | None:
    """The proposal asked for with ?by=…, with the numbers of any ?keep=<id>:<number>; None when none can be made."""
    by = request.args.get("by")
    if by not in proposals.BASES:
        return None
    number = _whole(request.args.get("number", "")) if request.args.get("number") else tree.node.target
    kept = dict(pair for text in request.args.getlist("keep") if (pair := _kept(text)))
    try:
        if number is None:
            raise Refused({"number": _("Skriv hur många samtal som ska fördelas.")})
        return proposals.propose(tree.direct, by, number, kept)
    except Refused as error:
        form.blame(error)
        return None


def _kept(text: str) -> tuple[str, int] | None:
    """A part's id and number from <id>:<number>; None for anything else."""
    part_id, _colon, typed = text.partition(":")
    number = _whole(typed)
    return None if number is None else (part_id, number)


def _whole(typed: str) -> int | None:
    """A number of at most eight digits, with or without spaces; None for anything else."""
    plain = "".join(typed.split())
    return int(plain) if plain.isdecimal() and len(plain) <= 8 else None


def _saw(part: Part, refused: Container[str]) -> str:
    """The number of the revision that the form says its writer has seen of a target."""
    before = request.form.get(f"saw-{part.key}")
    return str(part.revision) if before is None or part.key in refused else before


def _others(tree: Tree, parts: list[Part]) -> int:
    """The sum of the targets directly beneath that are not on the page."""
    ids = {part.id for part in parts}
    return sum(part.target or 0 for part in tree.direct if part.id not in ids)


def _value(part: Part, proposal: Proposal | None, form: forms.Form) -> str:
    """The text in a part's field: what was typed, else what is proposed, else the target."""
    proposed = proposal.numbers.get(part.id) if proposal else None
    agreed = part.target if proposed is None else proposed
    return form.text(part.key) or ("" if agreed is None else str(agreed))


def _area_of(node: Organisation, area_id: str | None) -> Area | None:
    """The area whose history is asked for. Raises access.NotFound for one that is not the organisation's own."""
    area = db.session.get(Area, area_id) if area_id else None
    if area_id and (area is None or area.organisation_id != node.id):
        raise access.NotFound(area_id)
    return area
