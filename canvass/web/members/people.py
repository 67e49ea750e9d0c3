"""Signing in and out, the person's own page, and the list of people with their roles."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, devices, merges, organisations, passwords, people, sessions, tickets
from canvass.members.devices import Device
from canvass.members.merges import Merge
from canvass.members.people import Membership, Person, Removal
from canvass.members.sessions import Session
from canvass.members.tickets import Ticket
from canvass.web.page import auth, forms, fragments, security, site

bp = Blueprint("people", __name__)


# --- signing in and out -------------------------------------------------------------------------------------


@bp.get("/sign-in")
@auth.open_to_all
def sign_in() -> ResponseReturnValue:
    """The form for those who have a password, and a link to the join code for volunteers."""
    if current_user.is_authenticated:
        return redirect(security.own_path(request.args.get("next"), url_for("attempts.front")), 303)
    return render_template("people/sign_in.html", form=forms.Form(next=request.args.get("next", "")), errors={})


@bp.post("/sign-in")
@auth.open_to_all
def sign_in_with_password() -> ResponseReturnValue:
    """Sign in and go to `next`, the page that was asked for."""
    form = forms.Form()
    person = passwords.authenticate(form.text("email"), form.password)
    if person is None:
        db.session.commit()  # the try is counted
        errors = {"password": _("E-postadressen eller lösenordet stämmer inte.")}
        return render_template("people/sign_in.html", form=form, errors=errors), 422
    response = make_response(redirect(security.own_path(form.next, url_for("attempts.front")), 303))
    auth.sign_in(person, response)
    db.session.commit()
    return response


@bp.post("/sign-out")
@auth.open_to_all
def sign_out() -> ResponseReturnValue:
    """Sign out. With `keep` this phone may still hand in what waits on it.

    That of a volunteer without a password may in any case, unless it is to `forget` them: by it they go on as
    themselves when they join again.
    """
    person = auth.visitor()
    is_volunteer = person is not None and people.is_plain_volunteer(person)
    keeps_device = bool(request.form.get("keep")) or (is_volunteer and not request.form.get("forget"))
    left = url_for("joining.type_code", left="kept" if keeps_device else "forgotten")
    response = make_response(redirect(left if is_volunteer else url_for("people.sign_in"), 303))
    auth.sign_out(response, keeps_device=keeps_device)
    db.session.commit()
    return response


# --- the own page -----------------------------------------------------------------------------------------


@bp.get("/me")
def me() -> ResponseReturnValue:
    """What is stored about the person, and where they are signed in."""
    return _me(forms.Form(name=current_user.name))


@bp.post("/me")
def save_me() -> ResponseReturnValue:
    """Change the name or the password."""
    person, form = auth.person(), forms.Form()
    try:
        if form.text("what") == "password":
            return _new_password(person, form)
        person.name = people.checked_name(form.text("name"))
    except Refused as error:
        db.give_up()
        form.blame(error)
        return _me(form), 422
    db.session.commit()
    fragments.say(_("Sparat."))
    return redirect(url_for("people.me"), 303)


@bp.post("/me/way-back")
def make_way_back() -> ResponseReturnValue:
    """A link of the volunteer's own by which they come back as themselves; the earlier one stops working."""
    try:
        tickets.make_way_back(auth.person(), site.secret())
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "error")
        return redirect(url_for("people.me"), 303)
    db.session.commit()
    fragments.say(_("Här är din länk tillbaka. Spara den."))
    return redirect(url_for("people.me", _anchor="way-back"), 303)


@bp.post("/me/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign another browser out."""
    query = select(Session).where(Session.id == session_id, Session.person_id.in_(people.ids(auth.person())))
    found = db.session.scalar(query)
    if found is None:
        raise access.NotFound(session_id)
    sessions.end(found)
    db.session.commit()
    fragments.say(_("Utloggad där."))
    return redirect(url_for("people.me"), 303)


@bp.post("/me/devices/<device_id>/end")
def end_device(device_id: str) -> ResponseReturnValue:
    """Take away a lost phone's right to hand in."""
    query = select(Device).where(Device.id == device_id, Device.person_id.in_(people.ids(auth.person())))
    found = db.session.scalar(query)
    if found is None:
        raise access.NotFound(device_id)
    devices.end(found)
    db.session.commit()
    fragments.say(_("Telefonen kan inte längre skicka in samtal."))
    return redirect(url_for("people.me"), 303)


def _new_password(person: Person, form: forms.Form) -> ResponseReturnValue:
    password_hash = passwords.hashed(form.password)
    if person.email is None or passwords.authenticate(person.email, form.current) is None:
        db.session.commit()  # the try is counted
        db.read_only()
        form.errors["current"] = _("Det nuvarande lösenordet stämmer inte.")
        return _me(form), 422
    passwords.change(person, password_hash)
    response = make_response(redirect(url_for("people.me"), 303))
    auth.sign_in(person, response)
    db.session.commit()
    fragments.say(_("Lösenordet är bytt. Andra webbläsare är utloggade."))
    return response


def _me(form: forms.Form) -> str:
    person = auth.person()
    own = tickets.way_back(person)
    return render_template(
        "people/me.html",
        is_volunteer=people.is_plain_volunteer(person),
        way_back=f"{site.base_url()}{_way_back(own)}" if own else "",
        removed_from=people.removed_from(person),
        form=form,
        errors=form.errors,
        sessions=sessions.of(person),
        devices=devices.of(person),
        this_session=auth.current_session(),
        this_device=auth.current_device(),
    )


def _way_back(own: Ticket) -> str:
    return url_for("joining.way_back", token=tickets.way_back_token(own, site.secret()))


# --- other people ---------------------------------------------------------------------------------------------


@bp.get("/people")
def index() -> ResponseReturnValue:
    """The people with a role at the organisations where the person may see them, and beneath."""
    person = auth.person()
    seen, managed = access.nodes(person, "person.see"), access.nodes(person, "person.manage")
    if not seen:
        raise access.Forbidden("person.see")
    rows = db.session.scalars(
        select(Membership)
        .where(Membership.organisation_id.in_(organisations.beneath_any(seen)))
        .options(joinedload(Membership.person, innerjoin=True))
    )
    members = sorted(rows, key=lambda m: (-people.ROLES.index(m.role), i18n.sort_key(m.person.name)))
    return render_template(
        "people/index.html",
        leading=[m for m in members if m.role != "volunteer"],
        volunteers=[m for m in members if m.role == "volunteer"],
        invitations=tickets.invitations(managed),
        removals=people.removals(managed),
        tree=organisations.tree(managed),
        form=forms.Form(role="leader", organisation=request.args.get("organisation", "")),
        errors={},
    )


@bp.get("/memberships/<membership_id>")
def page(membership_id: str) -> ResponseReturnValue:
    """One person: their roles, and what can be done about them."""
    return _page(access.find(auth.person(), Membership, membership_id, "person.see"), {})


@bp.post("/memberships/<membership_id>/revoke")
def revoke(membership_id: str) -> ResponseReturnValue:
    """Take a role away; what the person has logged stays."""
    membership = access.find(auth.person(), Membership, membership_id, "person.manage")
    try:
        person = membership.person
        people.revoke(membership, by=current_user.id)
        tickets.withdraw_given_by(person)
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "error")
        return redirect(url_for("people.index"), 303)
    db.session.commit()
    fragments.say(_("Rollen är borttagen. Den kan ges tillbaka här nedanför."))
    return redirect(url_for("people.index", _anchor="removed"), 303)


@bp.post("/removals/<removal_id>/undo")
def give_back(removal_id: str) -> ResponseReturnValue:
    """Give the role back that was taken away."""
    removal = access.find(auth.person(), Removal, removal_id, "person.manage")
    people.give_back(removal, by=current_user.id)
    db.session.commit()
    fragments.say(_("%(name)s har sin roll igen.", name=removal.person.name))
    return redirect(url_for("people.index"), 303)


@bp.post("/memberships/<membership_id>/sign-in-link")
def make_sign_in_link(membership_id: str) -> ResponseReturnValue:
    """A link that lets somebody in who has forgotten their password. It is shown once: only its hash is stored."""
    membership = access.find(auth.person(), Membership, membership_id, "person.manage")
    if not access.manages(auth.person(), membership.person):
        raise access.Forbidden("person.manage")
    token = tickets.sign_in_token(membership.person, by=auth.person(), organisation=membership.organisation)
    db.session.commit()
    url = f"{site.base_url()}{url_for('joining.sign_in_link', token=token)}"
    return render_template("people/sign_in_link.html", membership=membership, url=url)


@bp.post("/memberships/<membership_id>/merge")
def merge(membership_id: str) -> ResponseReturnValue:
    """Make a double, the person of the membership `other`, a part of this person."""
    kept, double = _pair(membership_id)
    if double is None:
        db.give_up()
        return _page(kept, {"other": _("Välj en person i listan.")}), 422
    double_id = double.person_id
    # Whole tables are looked through, so that is done before anything is locked.
    db.session.rollback()
    db.read_only()
    rows = merges.rows_of(double_id)
    db.session.rollback()
    kept, double = _pair(membership_id)
    assert double is not None
    try:
        merges.merge(kept.person, double.person, rows, double.organisation, by=auth.person())
    except Refused as error:
        db.give_up()
        return _page(_pair(membership_id)[0], error.errors), 422
    db.session.commit()
    fragments.say(_("De är nu en person. Samtal, anmälningar och telefoner har följt med."))
    return redirect(url_for("people.page", membership_id=membership_id), 303)


@bp.post("/merges/<merge_id>/undo")
def undo_merge(merge_id: str) -> ResponseReturnValue:
    """Make the double a person of their own again."""
    made = access.find(auth.person(), Merge, merge_id, "joining.manage")
    try:
        merges.undo(made, by=auth.person())
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "error")
        return redirect(url_for("people.index"), 303)
    db.session.commit()
    fragments.say(_("Sammanslagningen är ångrad."))
    return redirect(url_for("people.index"), 303)


def _pair(membership_id: str) -> tuple[Membership, Membership | None]:
    """The membership of the person to keep, and that of the double in the form, None when there is none."""
    person, other = auth.person(), request.form.get("other", "")
    kept = access.find(person, Membership, membership_id, "joining.manage")
    double = access.find(person, Membership, other, "joining.manage") if other else None
    for membership in double.person.memberships if double else []:
        access.require(person, "joining.manage", membership.organisation_id)
    return kept, double


def _page(membership: Membership, errors: dict[str, str]) -> str:
    me, person = auth.person(), membership.person
    may_merge = access.may(me, "joining.manage", membership.organisation_id)
    return render_template(
        "people/page.html",
        membership=membership,
        who=person,
        may_manage=access.manages(auth.person(), person),
        doubles=_doubles(person) if may_merge else [],
        merges=merges.of(person) if may_merge else [],
        errors=errors,
    )


def _doubles(person: Person) -> list[tuple[str, str]]:
    """The volunteers who may be the same person, those of the same name first: membership id and name."""
    query = select(Membership).where(Membership.organisation_id.in_(access.reach(auth.person(), "joining.manage")))
    query = query.where(Membership.role == "volunteer", Membership.person_id != person.id)
    found = [
        one
        for one in db.session.scalars(
            query.options(joinedload(Membership.person, innerjoin=True).selectinload(Person.memberships))
        )
        if people.is_plain_volunteer(one.person)
    ]
    name = person.name.casefold()
    found.sort(key=lambda one: (one.person.name.casefold() != name, i18n.sort_key(one.person.name), one.created_at))
    return [
        (one.id, f"{one.person.name} · {one.organisation.name} · {i18n.day(one.created_at, 'd MMM y')}")
        for one in found
    ]
