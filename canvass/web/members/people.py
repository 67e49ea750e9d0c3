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
from canvass.members import access, devices, joining, organisations, passwords, people, sessions
from canvass.members.devices import Device
from canvass.members.people import Membership, Person
from canvass.members.sessions import Session
from canvass.web.page import auth, forms, fragments, security

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
    """Sign out. With `keep` this phone may still hand in what waits on it."""
    response = make_response(redirect(url_for("people.sign_in"), 303))
    auth.sign_out(response, keeps_device=bool(request.form.get("keep")))
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


@bp.post("/me/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign another browser out."""
    found = db.session.scalar(select(Session).where(Session.id == session_id, Session.person_id == current_user.id))
    if found is None:
        raise access.NotFound(session_id)
    sessions.end(found)
    db.session.commit()
    fragments.say(_("Utloggad där."))
    return redirect(url_for("people.me"), 303)


@bp.post("/me/devices/<device_id>/end")
def end_device(device_id: str) -> ResponseReturnValue:
    """Take away a lost phone's right to hand in."""
    found = db.session.scalar(select(Device).where(Device.id == device_id, Device.person_id == current_user.id))
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
    return render_template(
        "people/me.html",
        form=form,
        errors=form.errors,
        sessions=sessions.of(person),
        devices=devices.of(person),
        this_session=auth.current_session(),
        this_device=auth.current_device(),
    )


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
        invitations=joining.invitations(managed),
        tree=organisations.tree(managed),
        form=forms.Form(role="leader", organisation=request.args.get("organisation", "")),
        errors={},
    )


@bp.post("/memberships/<membership_id>/revoke")
def revoke(membership_id: str) -> ResponseReturnValue:
    """Take a role away; what the person has logged stays."""
    membership = access.find(auth.person(), Membership, membership_id, "person.manage")
    try:
        people.revoke(membership, by=current_user.id)
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "error")
        return redirect(url_for("people.index"), 303)
    db.session.commit()
    fragments.say(_("Rollen är borttagen."))
    return redirect(url_for("people.index"), 303)
