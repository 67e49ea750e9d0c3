"""Joining by a link or its code, accepting an invitation, and signing in by a link that works once."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from canvass.core import db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns, meeting_points, shifts
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members import access, joining, organisations, passwords, people, tickets
from canvass.members.joining import JoinLink
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.members.tickets import Ticket
from canvass.web.page import auth, forms, fragments, site

bp = Blueprint("joining", __name__)

POSTER = "joining/poster.html"


# --- volunteers ---------------------------------------------------------------------------------------------


@bp.get("/join")
@auth.open_to_all
def type_code() -> ResponseReturnValue:
    """The form for those who have the code and cannot scan it."""
    return render_template("joining/code.html", form=forms.Form(), errors={})


@bp.post("/join")
@auth.open_to_all
def typed_code() -> ResponseReturnValue:
    """Redirect to the page of the code's link, or show what is wrong with the code."""
    form = forms.Form()
    if address := _pasted(form.text("code")):
        return redirect(address, 303)
    try:
        link = _link(form.text("code"))
    except tickets.Gone as error:
        return render_template("joining/code.html", form=form, errors={"code": str(error)}), 422
    return redirect(url_for("joining.welcome", code=joining.code(link, site.secret())), 303)


def _pasted(text: str) -> str | None:
    """The address of a link of this blueprint's; None for a code. An app on the home screen has no address bar."""
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint, values = adapter.match(urlsplit(text).path, "GET") if adapter and "/" in text else ("", {})
    except (HTTPException, ValueError):
        return None
    return url_for(endpoint, **values) if endpoint.startswith(f"{bp.name}.") and values else None


@bp.get("/join/<code>")
@auth.open_by_token
def welcome(code: str) -> ResponseReturnValue:
    """The form for joining: a first name and an association."""
    return _welcome(_link(code), forms.Form())


@bp.post("/join/<code>")
@auth.open_by_token
def join(code: str) -> ResponseReturnValue:
    """Join, sign in and go to the logging screen. By a shift's link also sign up for that shift."""
    link, form = _link(code), forms.Form()
    shift = _shift(link)
    known = _known_volunteer(form.text("name"))
    choices = joining.associations(link)
    # A known volunteer need not choose the association again.
    chosen = form.text("association") or (known.association_id if known and shift else "")
    only = choices[0] if len(choices) == 1 else None
    association = next((node for node in choices if node.id == chosen), only if not form.text("association") else None)
    try:
        if association is None:
            raise Refused({"association": _("Välj din förening.")})
        is_guest, form_id = _is_guest(known, shift), form.text("form")
        person = joining.join(link, form.text("name"), association, known, is_guest=is_guest, form_id=form_id)
    except Refused as error:
        form.blame(error)
        db.give_up()
        return _welcome(joining.with_code(code), form), 422
    if shift is not None:
        try:
            shifts.sign_up(shift, person)
        except Refused as error:
            raise tickets.Gone(str(error)) from None
    response = make_response(redirect(url_for("attempts.screen", shift=link.shift_id), 303))
    if auth.visitor() is not person:
        auth.sign_in(person, response)
    if people.is_plain_volunteer(person) and tickets.way_back(person) is None:
        tickets.make_way_back(person, site.secret())
    db.session.commit()
    return response


def _is_guest(known: Person | None, shift: Shift | None) -> bool:
    """Whether somebody of this campaign signs up for another association's shift: their own association stays."""
    return known is not None and shift is not None and bool(campaigns.logging_organisation(known, shift.campaign))


def _known_volunteer(typed_name: str) -> Person | None:
    """Return who is signed in, else whose phone it is. A typed name means somebody else, so None."""
    return auth.visitor() or (None if typed_name else _returning_volunteer())


def _returning_volunteer() -> Person | None:
    """Return the volunteer whose phone this is, though their session has ended.

    Never somebody with a password: a device that may only hand in must not sign a leader in.
    """
    device = auth.current_device()
    person = people.present(device.person) if device is not None else None
    return person if person is not None and person.password_hash is None else None


def _link(code: str) -> JoinLink:
    """Return the link with this code. A wrong code is counted in every view that takes one. Raises tickets.Gone."""
    try:
        return joining.with_code(code)
    except tickets.Gone:
        db.note_aside(joining.note_wrong_code)
        raise


def _shift(link: JoinLink) -> Shift | None:
    return db.session.get(Shift, link.shift_id) if link.shift_id else None


def _welcome(link: JoinLink, form: forms.Form) -> str:
    campaign, shift = db.session.get(Campaign, link.campaign_id), _shift(link)
    return render_template(
        "joining/welcome.html",
        link=link,
        campaign=campaign,
        shift=shift,
        place=meeting_points.words(shift) if shift else "",
        associations=joining.associations(link),
        known=_known_volunteer(form.name or request.args.get("new", "")),
        form=form,
        form_id=form.form or db.new_id(),
        errors=form.errors,
    )


# --- handing the link out -----------------------------------------------------------------------------------


@bp.get("/campaigns/<campaign_id>/join")
def share(campaign_id: str) -> ResponseReturnValue:
    """The campaign's join link as a QR code, a link and a short code, or the button that makes one."""
    return _shared(campaign_id, "joining/share.html")


@bp.get("/campaigns/<campaign_id>/poster")
def poster(campaign_id: str) -> ResponseReturnValue:
    """The same as a poster to print."""
    return _shared(campaign_id, POSTER)


@bp.post("/campaigns/<campaign_id>/join")
def make_link(campaign_id: str) -> ResponseReturnValue:
    """Make a link for an organisation without one, or with `withdraw` a new one."""
    campaign = access.find(auth.person(), Campaign, campaign_id)
    form = forms.Form()
    organisation = access.find(auth.person(), Organisation, form.text("organisation"), "joining.manage")
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise access.NotFound(organisation.id)
    link = joining.link(organisation, campaign.id, campaign.ends_on, site.secret())
    if form.text("withdraw"):
        joining.withdraw(link, campaign.ends_on, site.secret(), by=auth.person())
        fragments.say(_("Den gamla länken gäller inte längre. Här är den nya."))
    db.session.commit()
    return redirect(url_for("joining.share", campaign_id=campaign.id, organisation=organisation.id), 303)


def _shared(campaign_id: str, template: str) -> ResponseReturnValue:
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    tops = access.tops(person, campaign.organisation_id, "joining.manage")
    if not tops:
        raise access.Forbidden("joining.manage")
    lines = [node for _depth, node in organisations.tree([node.id for node in tops])]
    wanted = request.args.get("organisation", tops[0].id)
    organisation = next((node for node in lines if node.id == wanted), None)
    if organisation is None:
        raise access.NotFound(wanted)
    link = joining.current_link(organisation.id, campaign.id)
    if link is None and template == POSTER:
        return redirect(url_for("joining.share", campaign_id=campaign.id, organisation=organisation.id), 303)
    return render_template(
        template,
        campaign=campaign,
        organisation=organisation,
        organisations=lines,
        **(fragments.way_in(link) if link else {}),
    )


# --- leaders and above --------------------------------------------------------------------------------------


@bp.post("/invitations")
def invite() -> ResponseReturnValue:
    """Make an invitation. Its link is shown once: only its hash is stored."""
    form = forms.Form()
    organisation = access.find(auth.person(), Organisation, form.text("organisation"), "person.manage")
    _ticket, token = tickets.invite(organisation, form.text("role"), form.text("note"), by=auth.person())
    db.session.commit()
    return render_template(
        "joining/invited.html",
        organisation=organisation,
        role=form.text("role"),
        url=f"{site.base_url()}{url_for('joining.invited', token=token)}",
    )


@bp.post("/invitations/<ticket_id>/withdraw")
def withdraw_invitation(ticket_id: str) -> ResponseReturnValue:
    """Withdraw an unused invitation."""
    ticket = access.find(auth.person(), Ticket, ticket_id, "person.manage")
    tickets.withdraw_invitation(ticket, by=auth.person())
    db.session.commit()
    fragments.say(_("Inbjudan är återkallad."))
    return redirect(url_for("people.index"), 303)


@bp.get("/invitation/<token>")
@auth.open_by_token
def invited(token: str) -> ResponseReturnValue:
    """The form for an invitation; one button for somebody who is signed in."""
    ticket = tickets.find("invitation", token)
    return render_template("joining/invitation.html", ticket=ticket, known=auth.visitor(), form=forms.Form(), errors={})


@bp.post("/invitation/<token>")
@auth.open_by_token
def accept(token: str) -> ResponseReturnValue:
    """Accept the invitation; the link is spent."""
    ticket = tickets.find("invitation", token)
    form, known = forms.Form(), auth.visitor()
    try:
        person = tickets.accept(ticket, form.text("name"), form.text("email"), form.password, known)
    except Refused as error:
        db.give_up()
        ticket = tickets.find("invitation", token)
        page = render_template(
            "joining/invitation.html", ticket=ticket, known=auth.visitor(), form=form, errors=error.errors
        )
        return page, 422
    response = make_response(redirect(url_for("attempts.front"), 303))
    auth.sign_in(person, response)  # known or not: accepting a role ends every session
    db.session.commit()
    return response


# --- links that sign in -------------------------------------------------------------------------------------


@bp.get("/sign-in/<token>")
@bp.get("/demo/<token>", endpoint="demo")
@auth.open_by_token
def sign_in_link(token: str) -> ResponseReturnValue:
    """A page with a button: chat programs open links for a preview, which must not spend them."""
    ticket = tickets.find("sign_in", token)
    return render_template("joining/sign_in.html", who=db.session.get_one(Person, ticket.person_id), errors={})


@bp.post("/sign-in/<token>")
@bp.post("/demo/<token>", endpoint="demo_sign_in")
@auth.open_by_token
def sign_in_by_link(token: str) -> ResponseReturnValue:
    """Sign in, with a new password if one was typed; the link is spent."""
    ticket = tickets.find("sign_in", token)
    person = db.session.get_one(Person, ticket.person_id)
    form = forms.Form()
    if person.password_hash and form.password:
        try:
            passwords.change(person, passwords.hashed(form.password))
        except Refused as error:
            db.give_up()
            return render_template("joining/sign_in.html", who=person, errors=error.errors), 422
    tickets.spend(ticket)
    response = make_response(redirect(url_for("attempts.front"), 303))
    auth.sign_in(person, response)
    db.session.commit()
    return response


@bp.get("/back/<token>")
@auth.open_by_token
def way_back(token: str) -> ResponseReturnValue:
    """A page with a button, as of every link that signs in."""
    return render_template("joining/back.html", who=tickets.whose_way_back(tickets.find("back", token)))


@bp.post("/back/<token>")
@auth.open_by_token
def go_back(token: str) -> ResponseReturnValue:
    """Sign the volunteer in again; the link goes on working."""
    ticket = tickets.find("back", token)
    person = tickets.whose_way_back(ticket)
    tickets.prolong_way_back(ticket)
    response = make_response(redirect(url_for("attempts.front"), 303))
    auth.sign_in(person, response)
    db.session.commit()
    return response
