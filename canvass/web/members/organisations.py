"""The tree of organisations, the page of one, and changes to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, organisations, people, sweden
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person
from canvass.web.page import auth, forms, fragments

bp = Blueprint("organisations", __name__, url_prefix="/organisations")

# The most hits that a search shows.
MOST_SHOWN = 100
# The most campaigns on an organisation's page.
MOST_CAMPAIGNS = 8


@dataclass
class Branch:
    """A node, the branches directly beneath it, and how many organisations of each kind lie anywhere beneath."""

    node: Organisation
    branches: list[Branch] = field(default_factory=list)
    beneath: Counter[str] = field(default_factory=Counter)


# --- looking ------------------------------------------------------------------------------------------------


@bp.get("")
def index() -> ResponseReturnValue:
    """The person's part of the tree, or what a search finds in it with the path to each."""
    person, wanted = auth.person(), request.args.get("q", "").strip()
    nodes = access.nodes(person, "organisation.see")
    if not nodes:
        raise access.Forbidden("organisation.see")
    tree = organisations.tree(nodes)
    hits = sorted(_hits(tree, wanted), key=lambda hit: i18n.sort_key(hit[0].name)) if wanted else []
    return render_template(
        "organisations/index.html",
        branches=_branches(tree),
        total=len(tree),
        wanted=wanted,
        hits=hits[:MOST_SHOWN],
        hidden=max(0, len(hits) - MOST_SHOWN),
    )


@bp.get("/<organisation_id>")
def page(organisation_id: str) -> ResponseReturnValue:
    """One organisation: what belongs to it, and who has a role there."""
    return _page(_seen(organisation_id), forms.Form())


# --- changing -----------------------------------------------------------------------------------------------


@bp.post("/<organisation_id>/children")
def add(organisation_id: str) -> ResponseReturnValue:
    """Add an organisation beneath this one."""
    person, form = auth.person(), forms.Form()
    parent = access.find(person, Organisation, organisation_id, "organisation.edit")
    try:
        child = organisations.add(form.text("kind"), form.text("child"), parent, by=person.id)
    except Refused as error:
        form.blame(error, {"name": "child"})
        return _again(organisation_id, form)
    db.session.commit()
    fragments.say(_("%(name)s är tillagd.", name=child.name))
    return redirect(url_for("organisations.page", organisation_id=organisation_id), 303)


@bp.post("/<organisation_id>/rename")
def rename(organisation_id: str) -> ResponseReturnValue:
    """Rename the organisation."""
    person = auth.person()
    organisation = access.find(person, Organisation, organisation_id, "organisation.edit")
    db.hold(organisation)
    form = forms.Form(name=organisation.name)
    form.settle()
    try:
        organisations.rename(organisation, form.text("name"), by=person.id)
    except Refused as error:
        form.blame(error)
    if form.errors:
        return _again(organisation_id, form)
    db.session.commit()
    fragments.say(_("Namnet är bytt."))
    return redirect(url_for("organisations.page", organisation_id=organisation_id), 303)


@bp.post("/<organisation_id>/level")
def change_level(organisation_id: str) -> ResponseReturnValue:
    """Change the organisation's level."""
    person, form = auth.person(), forms.Form()
    organisation = access.find(person, Organisation, organisation_id, "organisation.edit")
    try:
        organisations.change_kind(organisation, form.text("level"), by=person.id)
    except Refused as error:
        form.blame(error)
        return _again(organisation_id, form)
    db.session.commit()
    fragments.say(_("Nivån är ändrad."))
    return redirect(url_for("organisations.page", organisation_id=organisation_id), 303)


@bp.get("/<organisation_id>/members")
def members(organisation_id: str) -> ResponseReturnValue:
    """The form for the number of members of the organisation and those directly beneath."""
    organisation = access.find(auth.person(), Organisation, organisation_id, "organisation.edit")
    return _members_page(organisation, _members_form(_counted(organisation)))


@bp.post("/<organisation_id>/members")
def set_members(organisation_id: str) -> ResponseReturnValue:
    """Store all numbers, or none while one is wrong. An emptied field removes the number."""
    person = auth.person()
    organisation = access.find(person, Organisation, organisation_id, "organisation.edit")
    nodes = _counted(organisation)
    for node in sorted(nodes, key=lambda node: node.id):
        db.hold(node)
    form = _members_form(nodes)
    form.settle()
    for node in nodes:
        name = f"members-{node.id}"
        if name not in request.form:
            continue
        try:
            organisations.set_members(node, form.whole(name), by=person.id)
        except Refused as error:
            form.errors[name] = str(error)
    if form.errors:
        db.give_up()
        return _members_page(_seen(organisation_id), form), 422
    db.session.commit()
    fragments.say(_("Medlemstalen är sparade."))
    return redirect(url_for("organisations.page", organisation_id=organisation_id), 303)


@bp.post("/<organisation_id>/move")
def move(organisation_id: str) -> ResponseReturnValue:
    """Move the organisation. The person must be an administrator at both places."""
    person, form = auth.person(), forms.Form()
    organisation = access.find(person, Organisation, organisation_id, "organisation.edit")
    parent = access.find(person, Organisation, form.text("parent")) if form.text("parent") else None
    try:
        if parent is None:
            raise Refused(_("Välj var den ska ligga."))
        _require_both_ends(person, organisation, parent)
        organisations.move(organisation, parent, by=person.id)
    except Refused as error:
        form.errors["parent"] = str(error)
        return _again(organisation_id, form)
    db.session.commit()
    fragments.say(_("%(name)s ligger nu under %(parent)s.", name=organisation.name, parent=parent.name))
    return redirect(url_for("organisations.page", organisation_id=organisation_id), 303)


@bp.post("/import-sweden")
def import_sweden() -> ResponseReturnValue:
    """Add the districts and municipal organisations that are missing beneath the organisation."""
    person, form = auth.person(), forms.Form()
    organisation = access.find(person, Organisation, form.text("organisation"), "organisation.edit")
    try:
        counts = sweden.add_missing(organisation, by=person.id)
    except Refused as error:
        form.errors[""] = str(error)
        return _again(organisation.id, form)
    db.session.commit()
    fragments.say(
        _(
            "Klart. Nya partidistrikt: %(districts)s. Nya arbetarekommuner: %(municipals)s.",
            districts=i18n.number(counts["district"]),
            municipals=i18n.number(counts["municipal"]),
        )
    )
    if counts["elsewhere"]:
        fragments.say(
            i18n.ngettext(
                "En finns redan på ett annat ställe i trädet och är kvar där.",
                "%(num)s finns redan på andra ställen i trädet och är kvar där.",
                counts["elsewhere"],
            ),
            "warning",
        )
    return redirect(url_for("organisations.page", organisation_id=organisation.id), 303)


def _require_both_ends(person: Person, organisation: Organisation, parent: Organisation) -> None:
    """Raises Refused unless the person may administer both the present and the new parent."""
    if not _may_leave(person, organisation):
        raise Refused(
            _(
                "Du kan inte flytta %(name)s, eftersom du inte administrerar det som den ligger under.",
                name=organisation.name,
            )
        )
    if not access.may(person, "organisation.edit", parent.id):
        raise Refused(_("Du kan bara flytta till något som du själv administrerar."))


def _may_leave(person: Person, organisation: Organisation) -> bool:
    return organisation.parent_id is None or access.may(person, "organisation.edit", organisation.parent_id)


# --- the page -----------------------------------------------------------------------------------------------


def _seen(organisation_id: str) -> Organisation:
    return access.find(auth.person(), Organisation, organisation_id, "organisation.see")


def _again(organisation_id: str, form: forms.Form) -> tuple[str, int]:
    """The page again with what was wrong, after a rollback."""
    db.give_up()
    return _page(_seen(organisation_id), form), 422


def _counted(organisation: Organisation) -> list[Organisation]:
    """The organisation and those directly beneath, whose members are entered on one page."""
    return [organisation, *organisations.children(organisation.id)]


def _members_form(nodes: list[Organisation]) -> forms.Form:
    return forms.Form(**{f"members-{node.id}": "" if node.members is None else node.members for node in nodes})


def _members_page(organisation: Organisation, form: forms.Form) -> str:
    return render_template(
        "organisations/members.html",
        organisation=organisation,
        path=_path(organisation),
        nodes=_counted(organisation),
        form=form,
        errors=form.errors,
    )


def _page(organisation: Organisation, form: forms.Form) -> str:
    person = auth.person()
    form.first.setdefault("name", organisation.name)
    may_edit = access.may(person, "organisation.edit", organisation.id)
    (here,) = _branches(organisations.tree([organisation.id]))
    return render_template(
        "organisations/page.html",
        organisation=organisation,
        path=_path(organisation),
        here=here,
        members=_members(organisation) if access.may(person, "person.see", organisation.id) else None,
        areas_number=_areas_number(organisation),
        campaigns=_campaigns(person, organisation),
        most_campaigns=MOST_CAMPAIGNS,
        may_edit=may_edit,
        kinds=[(kind, organisations.kind_name(kind)) for kind in organisations.kinds_beneath(organisation.kind)],
        levels=[(kind, organisations.kind_name(kind)) for kind in organisations.kinds_to_change_to(organisation)],
        places=_places(person, organisation) if may_edit and _may_leave(person, organisation) else [],
        form=form,
        errors=form.errors,
    )


def _path(organisation: Organisation) -> list[Organisation]:
    """The path from the topmost organisation the person may see down to this one."""
    person = auth.person()
    line = [node for node in organisations.above(organisation.id) if access.may(person, "organisation.see", node.id)]
    return line[::-1]


def _hits(tree: list[tuple[int, Organisation]], wanted: str) -> list[tuple[Organisation, list[Organisation]]]:
    """The organisations with all the words in their code or name, each with its path."""
    found = []
    path: list[Organisation] = []
    for depth, node in tree:
        del path[depth:]
        if all(word in f"{node.code} {node.name}".casefold() for word in wanted.casefold().split()):
            found.append((node, list(path)))
        path.append(node)
    return found


def _branches(tree: list[tuple[int, Organisation]]) -> list[Branch]:
    """The tree as branches of two levels; what is deeper is only counted."""
    tops: list[Branch] = []
    line: list[Branch] = []
    for depth, node in tree:
        del line[depth:]
        branch = Branch(node)
        for above in line:
            above.beneath[node.kind] += 1
        if depth <= 2:
            (line[-1].branches if line else tops).append(branch)
        line.append(branch)
    return tops


def _members(organisation: Organisation) -> list[Membership]:
    """The roles at this organisation, the highest first."""
    query = select(Membership).join(Membership.person).where(Membership.organisation_id == organisation.id)
    found = db.session.scalars(query)
    return sorted(found, key=lambda m: (-people.ROLES.index(m.role), i18n.sort_key(m.person.name)))


def _areas_number(organisation: Organisation) -> int:
    """The number of areas in use there and beneath."""
    query = select(func.count()).select_from(Area)
    query = query.where(Area.organisation_id.in_(organisations.beneath(organisation.id)), Area.retired_at.is_(None))
    return db.session.scalar(query) or 0


def _campaigns(person: Person, organisation: Organisation) -> list[Campaign]:
    """Its campaigns and those of the organisations above it, then those beneath."""
    line = [node.id for node in organisations.above(organisation.id)]
    beneath = set(db.session.scalars(organisations.beneath(organisation.id)))
    found = [campaign for campaign in campaigns.seen_by(person) if campaign.organisation_id in beneath.union(line)]
    return sorted(found, key=lambda campaign: campaign.organisation_id not in line)


def _places(person: Person, organisation: Organisation) -> list[tuple[str, str]]:
    """The organisations to which the person may move it, indented by level."""
    level = organisations.KINDS.index(organisation.kind)
    tree = organisations.tree(access.nodes(person, "organisation.edit"))
    return [
        (node.id, "\N{EM SPACE}" * depth + node.name)
        for depth, node in tree
        if organisations.KINDS.index(node.kind) < level and node.id != organisation.parent_id
    ]
