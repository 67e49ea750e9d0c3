"""Signing in and out, one's own page, and who is what where."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, joining, organisations, people
from canvass.members.people import Device, Membership, Person, Session
from canvass.web.page import auth, forms, fragments

bp = Blueprint("people", __name__)


# --- signing in and out -------------------------------------------------------------------------------------


@bp.get("/sign-in")
@auth.open_to_all
def sign_in() -> ResponseReturnValue:
    """Password for those who have one; the way to the join code for volunteers."""
    if auth.visitor() is not None:
        return redirect(auth.own_path(request.args.get("next"), url_for("attempts.front")), 303)
    return render_template("people/sign_in.html", form=forms.Form(next=request.args.get("next", "")), errors={})


@bp.post("/sign-in")
@auth.open_to_all
def sign_in_with_password() -> ResponseReturnValue:
    """In, and on to where one was going."""
    form = forms.Form()
    person = people.with_password(form.text("email"), form.password)
    if person is None:
        db.session.commit()  # the try is counted
        errors = {"password": _("E-postadressen eller lösenordet stämmer inte.")}
        return render_template("people/sign_in.html", form=form, errors=errors), 422
    response = make_response(redirect(auth.own_path(form.next, url_for("attempts.front")), 303))
    auth.let_in(person, response)
    db.session.commit()
    return response


@bp.post("/sign-out")
@auth.open_to_all
def sign_out() -> ResponseReturnValue:
    """Out. `keep` leaves this phone the right to hand in what waits on it."""
    response = make_response(redirect(url_for("people.sign_in"), 303))
    auth.let_out(response, keeps_device=bool(request.form.get("keep")))
    db.session.commit()
    return response


# --- one's own page -----------------------------------------------------------------------------------------


@bp.get("/me")
def me() -> ResponseReturnValue:
    """What is known of the person, where they are signed in, and how to end it."""
    return _me(forms.Form(name=auth.person().name))


@bp.post("/me")
def save_me() -> ResponseReturnValue:
    """Another name or another password."""
    person, form = auth.person(), forms.Form()
    try:
        if form.text("what") == "password":
            return _new_password(person, form)
        person.name = people.checked_name(form.text("name"))
    except Refused as error:
        db.session.rollback()
        form.blame(error)
        return _me(form), 422
    db.session.commit()
    fragments.say(_("Sparat."))
    return redirect(url_for("people.me"), 303)


@bp.post("/me/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign another browser out."""
    found = db.session.scalar(select(Session).where(Session.id == session_id, Session.person_id == auth.person().id))
    if found is None:
        raise access.NotFound(session_id)
    people.end(found)
    db.session.commit()
    fragments.say(_("Utloggad där."))
    return redirect(url_for("people.me"), 303)


@bp.post("/me/devices/<device_id>/end")
def end_device(device_id: str) -> ResponseReturnValue:
    """Let a lost phone hand nothing more in."""
    found = db.session.scalar(select(Device).where(Device.id == device_id, Device.person_id == auth.person().id))
    if found is None:
        raise access.NotFound(device_id)
    people.forget_device(found)
    db.session.commit()
    fragments.say(_("Telefonen kan inte längre skicka in samtal."))
    return redirect(url_for("people.me"), 303)


def _new_password(person: Person, form: forms.Form) -> ResponseReturnValue:
    if person.email is None or people.with_password(person.email, form.current) is None:
        db.session.commit()  # the try is counted
        form.errors["current"] = _("Det nuvarande lösenordet stämmer inte.")
        return _me(form), 422
    people.set_password(person, form.password)
    g.session = None
    response = make_response(redirect(url_for("people.me"), 303))
    auth.let_in(person, response)
    db.session.commit()
    fragments.say(_("Lösenordet är bytt. Andra webbläsare är utloggade."))
    return response


def _me(form: forms.Form) -> str:
    person = auth.person()
    return render_template(
        "people/me.html",
        form=form,
        errors=form.errors,
        sessions=people.sessions(person),
        devices=people.devices(person),
        this_session=g.session,
        this_device=g.device,
    )


# --- the others ---------------------------------------------------------------------------------------------


@bp.get("/people")
def index() -> ResponseReturnValue:
    """Who is what where, for those who may know."""
    person = auth.person()
    seen, managed = access.nodes(person, "person.see"), access.nodes(person, "person.manage")
    if not seen:
        raise access.Forbidden("person.see")
    rows = db.session.scalars(
        select(Membership)
        .join(Person, Membership.person_id == Person.id)
        .where(Membership.organisation_id.in_(organisations.beneath_any(seen)))
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
    """Take a role back; the person keeps what they have logged."""
    membership = access.find(auth.person(), Membership, membership_id, "person.manage")
    try:
        people.revoke(membership, by=auth.person().id)
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "error")
        return redirect(url_for("people.index"), 303)
    db.session.commit()
    fragments.say(_("Rollen är borttagen."))
    return redirect(url_for("people.index"), 303)
