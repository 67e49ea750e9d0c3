"""Shifts: planning, signing up, who is out, and what came of them; who has been where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import summaries
from canvass.fieldwork import areas, campaigns, meeting_points, shifts, sign_ups, trainings
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.insight import outings
from canvass.members import access, organisations, people, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.fieldwork import shift_form
from canvass.web.page import auth, browsers, fragments, level, site
from canvass.web.page.level import Level

bp = Blueprint("shifts", __name__)

# How many days back the page of visits shows unless a day is chosen.
DAYS_BACK = 14
# Where the form says what the rules say of a shift's moments and campaign.
FIELDS = {"starts_at": "held_on", "ends_at": "ends", "campaign": "held_on"}


# --- a campaign's shifts ------------------------------------------------------------------------------------


@bp.get("/campaigns/<campaign_id>/shifts")
def index(campaign_id: str) -> ResponseReturnValue:
    """The shifts to come by day, and the past ones with their summaries."""
    person = auth.person()
    campaign, here = _place(campaign_id)
    node = here.node
    coming, past = shifts.upcoming(campaign, node), shifts.past(campaign, node)
    may_plan = access.may(person, "shift.plan", node.id)
    return render_template(
        "shifts/index.html",
        campaign=campaign,
        node=node,
        level=here,
        days=_by_day(coming),
        past=past,
        signed_up=sign_ups.numbers(shift.id for shift in coming),
        mine={shift.id for shift in shifts.signed_up_for(person)},
        summaries=summaries.summaries(past),
        may_plan=may_plan and campaign.state in ("draft", "open"),
        leans_on=trainings.leans_on_one(campaign, organisations.beneath(node.id)) if may_plan else None,
    )


@bp.get("/campaigns/<campaign_id>/shifts/new")
def new(campaign_id: str) -> ResponseReturnValue:
    """The form with suggestions from the organisation's latest shift or the one to copy."""
    person = auth.person()
    campaign, here = _place(campaign_id, "shift.plan")
    node = here.node
    pattern = shifts.find(person, copied) if (copied := request.args.get("copy")) else None
    if pattern is not None and organisations.is_beneath(pattern.organisation_id, node.id):
        node = pattern.organisation
    form = shift_form.blank(campaign, node, pattern)
    if wanted := request.args.get("area"):
        # From the map: this area, in the channel advised there.
        area = access.find(person, Area, wanted)
        channel = campaigns.advised(campaign, area.housing) or form.channel
        form.first |= {"areas": [area.id], "channel": channel}
    return shift_form.show(form, campaign, None)


@bp.post("/campaigns/<campaign_id>/shifts")
def create(campaign_id: str) -> ResponseReturnValue:
    """A new shift with its link, or the form again with what is wrong."""
    person, form = auth.person(), shift_form.empty()
    campaign = access.find(person, Campaign, campaign_id)
    organisation = access.find(person, Organisation, form.text("organisation"), "shift.plan")
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise access.NotFound(organisation.id)
    if form.text("near"):
        return shift_form.with_place(form, campaign_id, None)
    if form.text("find"):
        return shift_form.with_areas(form, campaign_id, None)
    try:
        shift = shifts.plan(campaign, organisation, shift_form.facts(form, organisation, None), by=person)
    except Refused as error:
        form.blame(error, FIELDS)
    if form.errors:
        db.give_up()
        return shift_form.show(form, access.find(person, Campaign, campaign_id), None), 422
    shifts.link(shift, site.secret())
    db.session.commit()
    fragments.say(_("Passet är planerat. Dela länken, så kan folk anmäla sig."))
    return redirect(url_for("shifts.page", shift_id=shift.id), 303)


@bp.get("/campaigns/<campaign_id>/visits")
def visits(campaign_id: str) -> ResponseReturnValue:
    """Who has been where, by area and day; no addresses and no names."""
    campaign, here = _place(campaign_id)
    node = here.node
    last = _day(request.args.get("last", "")) or clock.today()
    first = _day(request.args.get("first", "")) or last - timedelta(days=DAYS_BACK)
    wanted = request.args.get("area", "")
    found, has_more = outings.visits(campaign, organisations.beneath(node.id), first, last, wanted or None)
    offered = areas.serving(node.id)
    return render_template(
        "shifts/visits.html",
        campaign=campaign,
        node=node,
        level=here,
        days=_by_day(found),
        has_more=has_more,
        first=first,
        last=last,
        area=wanted,
        areas=[(area.id, area.name) for area in offered],
    )


# --- one shift ----------------------------------------------------------------------------------------------


@bp.get("/shifts/<shift_id>")
def page(shift_id: str) -> ResponseReturnValue:
    """One shift: time, place and sign-ups; who is out while it is on; its summary when it is over."""
    person = auth.person()
    shift = shifts.find(person, shift_id)
    leads = _leads(person, shift)
    link = shifts.current_link(shift) if leads and shift.state in ("coming", "on") else None
    place, position = meeting_points.words(shift), meeting_points.position(shift)
    return fragments.page_or_part(
        "shifts/page.html",
        "shifts/_out.html",
        shift=shift,
        areas=areas.in_order(shift.areas),
        leads=leads,
        may_plan=access.may(person, "shift.plan", shift.organisation_id),
        has_signed_up=sign_ups.has_signed_up(shift.id, person),
        coming=sign_ups.coming(shift.id),
        place=place,
        to_copy=", ".join(filter(None, [place, f"{position[0]}, {position[1]}" if position else ""])),
        map_address=browsers.map_address(request.headers.get("User-Agent", ""), *position) if position else "",
        leader=people.first_name(shift.leader.name) if shift.leader else "",
        phones=outings.phones(shift) if shift.is_open and shift.state != "coming" else [],
        summary=summaries.summary(shift),
        share_text=_share_text(shift),
        **(fragments.way_in(link) if link else {}),
    )


@bp.get("/shifts/<shift_id>/poster")
def poster(shift_id: str) -> ResponseReturnValue:
    """A sheet with the join code for the meeting point."""
    shift = _led(shift_id)
    if not shift.is_open:
        raise tickets.Gone(_("Passet är över, så ingen behöver koden längre."))
    link = shifts.current_link(shift)
    if link is None:
        return redirect(url_for("shifts.page", shift_id=shift_id), 303)
    return render_template(
        "shifts/poster.html", shift=shift, place=meeting_points.words(shift), **fragments.way_in(link)
    )


@bp.get("/shifts/<shift_id>/image.svg")
def image(shift_id: str) -> ResponseReturnValue:
    """The shift's summary as a picture for a group chat, without names."""
    shift = shifts.find(auth.person(), shift_id)
    summary = summaries.summary(shift)
    big, rest = summary.sentence.split(" ", 1)
    text = render_template("shifts/image.svg", summary=summary, big=big, rest=rest, lines=_image_lines(shift))
    response = Response(text, mimetype="image/svg+xml")
    if request.args.get("download"):
        response.headers["Content-Disposition"] = f"attachment; filename=pass-{clock.local_day(shift.starts_at)}.svg"
    return response


@bp.post("/shifts/<shift_id>/sign-up")
def sign_up(shift_id: str) -> ResponseReturnValue:
    """Sign the person up."""
    shift = shifts.find(auth.person(), shift_id)
    try:
        shifts.sign_up(shift, auth.person())
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "warning")
        return redirect(url_for("shifts.page", shift_id=shift_id), 303)
    db.session.commit()
    fragments.say(_("Du är anmäld. Vi ses!"))
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.post("/shifts/<shift_id>/withdraw")
def withdraw(shift_id: str) -> ResponseReturnValue:
    """Withdraw the person's sign-up."""
    sign_ups.withdraw(shifts.find(auth.person(), shift_id).id, auth.person())
    db.session.commit()
    fragments.say(_("Du är avanmäld."))
    try:
        shifts.find(auth.person(), shift_id)
    except access.NotFound:  # they only saw it because they were coming
        return redirect(url_for("calendars.mine"), 303)
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.post("/shifts/<shift_id>/link")
def make_link(shift_id: str) -> ResponseReturnValue:
    """A link for a shift that has none yet, or another one when the old is withdrawn."""
    shift = _led(shift_id)
    known = shifts.current_link(shift)
    if known is not None and request.form.get("withdraw"):
        shifts.withdraw_link(known, shift, by=auth.person())
        fragments.say(_("Den gamla länken gäller inte längre. Här är den nya."))
    shifts.link(shift, site.secret())
    db.session.commit()
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.get("/shifts/<shift_id>/edit")
def edit(shift_id: str) -> ResponseReturnValue:
    """The form, filled in."""
    shift = shifts.find(auth.person(), shift_id, "shift.plan")
    return shift_form.show(shift_form.filled(shift), shift.campaign, shift)


@bp.post("/shifts/<shift_id>/edit")
def save(shift_id: str) -> ResponseReturnValue:
    """The changes, or the form again with what is wrong."""
    person = auth.person()
    shift = shifts.find(person, shift_id, "shift.plan")
    form = shift_form.filled(shift)
    if form.text("near"):
        return shift_form.with_place(form, shift.campaign_id, shift_id)
    db.hold(shift)
    form = shift_form.filled(shift)
    if form.text("find"):
        return shift_form.with_areas(form, shift.campaign_id, shift_id)
    form.settle()
    try:
        shifts.change(shift, shift_form.facts(form, shift.organisation, shift), by=person)
    except Refused as error:
        form.blame(error, FIELDS)
    if form.errors:
        db.give_up()
        shift = shifts.find(person, shift_id)
        return shift_form.show(form, shift.campaign, shift), 422
    db.session.commit()
    fragments.say(_("Passet är sparat."))
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.post("/shifts/<shift_id>/cancel")
def cancel(shift_id: str) -> ResponseReturnValue:
    """Cancel the shift."""
    shifts.cancel(shifts.find(auth.person(), shift_id, "shift.plan"), by=auth.person())
    db.session.commit()
    fragments.say(
        _("Passet är inställt. De som anmält sig ser det i sina listor och kalendrar; hör av dig till dem också.")
    )
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


# --- inside -------------------------------------------------------------------------------------------------


def _place(campaign_id: str, action: str = "campaign.see") -> tuple[Campaign, Level]:
    """The campaign, and the level of the tree that is asked for."""
    campaign = access.find(auth.person(), Campaign, campaign_id)
    return campaign, level.of(campaign, action)


def _leads(person: Person, shift: Shift) -> bool:
    """Whether the person sees who is out and the join code: the shift's leader, and who may plan there."""
    return shift.leader_id == person.id or access.may(person, "shift.plan", shift.organisation_id)


def _led(shift_id: str) -> Shift:
    shift = shifts.find(auth.person(), shift_id)
    if not _leads(auth.person(), shift):
        raise access.Forbidden("shift.plan")
    return shift


def _by_day(rows: Iterable[Any]) -> list[tuple[date, list[Any]]]:
    """Group shifts or visits by day, in their order."""
    days: dict[date, list[Any]] = {}
    for row in rows:
        days.setdefault(clock.local_day(row.starts_at) if isinstance(row, Shift) else row.day, []).append(row)
    return list(days.items())


def _day(typed: str) -> date | None:
    try:
        return clock.typed_day(typed)
    except ValueError:
        return None


def _share_text(shift: Shift) -> str:
    return "\n".join([summaries.summary(shift).sentence, *_image_lines(shift)])


def _image_lines(shift: Shift) -> list[str]:
    """Where and when, one thing a line."""
    ground = areas.in_order(shift.areas)
    where = ", ".join(area.name for area in ground[:2]) + (f" +{len(ground) - 2}" if len(ground) > 2 else "")
    way = campaigns.channel_name(shift.channel)
    return [
        f"{way} · {where}" if where else way,
        i18n.day(shift.starts_at, "EEEE d MMMM"),
        shift.organisation.name,
        shift.campaign.name,
    ]
