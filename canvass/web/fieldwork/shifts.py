"""Shifts: planned, signed up for, run and summed up; who has been where, and who can lead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db, geometry, i18n, places
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import summaries
from canvass.fieldwork import areas, campaigns, shifts, trainings
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.insight import outings
from canvass.members import access, joining, organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.page import auth, drawings, forms, fragments, level
from canvass.web.page.drawings import Drawing
from canvass.web.page.level import Level

bp = Blueprint("shifts", __name__)

# Areas shown at once in the form; the rest are folded.
FIRST_AREAS, MOST_AREAS, MOST_DRAWN = 12, 400, 100
# Who has been where: this many days back when nobody has said.
DAYS_BACK = 14
# Where the form says what the rules say of a shift's moments and campaign.
FIELDS = {"starts_at": "held_on", "ends_at": "ends", "campaign": "held_on"}


# --- a campaign's shifts ------------------------------------------------------------------------------------


@bp.get("/campaigns/<campaign_id>/shifts")
def index(campaign_id: str) -> ResponseReturnValue:
    """What is to come, by day, and what has been, with what came of it."""
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
        signed_up=shifts.signed_up(coming),
        mine={shift.id for shift in shifts.signed_up_for(person)},
        summaries=summaries.summaries(past),
        may_plan=may_plan and campaign.state in ("draft", "open"),
        leans_on=trainings.leans_on_one(campaign, organisations.beneath(node.id)) if may_plan else None,
    )


@bp.get("/campaigns/<campaign_id>/shifts/new")
def new(campaign_id: str) -> ResponseReturnValue:
    """The form with suggestions: as the organisation's latest shift, or as the one to copy."""
    person = auth.person()
    campaign, here = _place(campaign_id, "shift.plan")
    node = here.node
    pattern = shifts.find(person, copied) if (copied := request.args.get("copy")) else None
    if pattern is not None and organisations.is_beneath(pattern.organisation_id, node.id):
        node = pattern.organisation
    form = _blank(campaign, node, pattern)
    if wanted := request.args.get("area"):
        # From the map: there, whatever the last shift was about, and in the way that is advised there.
        area = access.find(person, Area, wanted)
        channel = campaigns.advised(campaign, area.housing) or form.channel
        form.first |= {"areas": [area.id], "channel": channel}
    return _form(form, campaign, None)


@bp.post("/campaigns/<campaign_id>/shifts")
def create(campaign_id: str) -> ResponseReturnValue:
    """A new shift with its link, or the form again with what is wrong."""
    person, form = auth.person(), _empty()
    campaign = access.find(person, Campaign, campaign_id)
    organisation = access.find(person, Organisation, form.text("organisation"), "shift.plan")
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise access.NotFound(organisation.id)
    if form.text("near"):
        return _with_place(form, campaign_id, None)
    try:
        shift = shifts.plan(campaign, organisation, by=person, **_fields(form, organisation, None))
    except Refused as error:
        form.blame(error, FIELDS)
    if form.errors:
        db.session.rollback()
        return _form(form, access.find(person, Campaign, campaign_id), None), 422
    shifts.link(shift, auth.secret())
    db.session.commit()
    fragments.say(_("Passet är planerat. Dela länken, så kan folk anmäla sig."))
    return redirect(url_for("shifts.page", shift_id=shift.id), 303)


@bp.get("/campaigns/<campaign_id>/visits")
def visits(campaign_id: str) -> ResponseReturnValue:
    """Who has been where: by area and evening, without homes and without names."""
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
    """When and where, who comes and, when it is on, who is out; when it is over, what came of it."""
    person = auth.person()
    shift = shifts.find(person, shift_id)
    leads = _leads(person, shift)
    way_in: dict[str, Any] = {}
    if leads and shift.state in ("coming", "on"):
        shift, way_in = _way_in(shift)
    return fragments.page_or_part(
        "shifts/page.html",
        "shifts/_out.html",
        shift=shift,
        areas=areas.in_order(shift.areas),
        leads=leads,
        may_plan=access.may(person, "shift.plan", shift.organisation_id),
        has_signed_up=shifts.has_signed_up(shift, person),
        coming=shifts.coming(shift),
        place=shifts.place(shift),
        position=shifts.meeting_point(shift),
        leader=people.first_name(shift.leader.name) if shift.leader else "",
        phones=outings.phones(shift) if shift.is_open and shift.state != "coming" else [],
        summary=summaries.summary(shift),
        share_text=_share_text(shift),
        **way_in,
    )


@bp.get("/shifts/<shift_id>/poster")
def poster(shift_id: str) -> ResponseReturnValue:
    """The code on a sheet of paper for the meeting point."""
    shift = _led(shift_id)
    if not shift.is_open:
        raise joining.Gone(_("Passet är över, så ingen behöver koden längre."))
    shift, way_in = _way_in(shift)
    return render_template("shifts/poster.html", shift=shift, place=shifts.place(shift), **way_in)


@bp.get("/shifts/<shift_id>/image.svg")
def image(shift_id: str) -> ResponseReturnValue:
    """What came of the shift as a picture for the group chat: numbers and no names."""
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
    """The person comes."""
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
    """The person does not come after all."""
    shifts.withdraw(shifts.find(auth.person(), shift_id), auth.person())
    db.session.commit()
    fragments.say(_("Du är avanmäld."))
    try:
        shifts.find(auth.person(), shift_id)
    except access.NotFound:  # they only saw it because they were coming
        return redirect(url_for("calendars.mine"), 303)
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.post("/shifts/<shift_id>/link")
def renew_link(shift_id: str) -> ResponseReturnValue:
    """Another code: the old one is in the wrong hands."""
    shift = _led(shift_id)
    shifts.renew_link(shift, auth.secret(), by=auth.person())
    db.session.commit()
    fragments.say(_("Den gamla länken gäller inte längre. Här är den nya."))
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.get("/shifts/<shift_id>/edit")
def edit(shift_id: str) -> ResponseReturnValue:
    """The form, filled in."""
    shift = shifts.find(auth.person(), shift_id, "shift.plan")
    return _form(_filled(shift), shift.campaign, shift)


@bp.post("/shifts/<shift_id>/edit")
def save(shift_id: str) -> ResponseReturnValue:
    """The changes, or the form again with what is wrong."""
    person, form = auth.person(), _empty()
    shift = shifts.find(person, shift_id, "shift.plan")
    if form.text("near"):
        return _with_place(form, shift.campaign_id, shift_id)
    try:
        shifts.change(shift, by=person, **_fields(form, shift.organisation, shift))
    except Refused as error:
        form.blame(error, FIELDS)
    if form.errors:
        db.session.rollback()
        shift = shifts.find(person, shift_id)
        return _form(form, shift.campaign, shift), 422
    db.session.commit()
    fragments.say(_("Passet är sparat."))
    return redirect(url_for("shifts.page", shift_id=shift_id), 303)


@bp.post("/shifts/<shift_id>/cancel")
def cancel(shift_id: str) -> ResponseReturnValue:
    """It does not take place."""
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
    """May the person see who is out and hand the code round: its leader, and whoever plans there."""
    return shift.leader_id == person.id or access.may(person, "shift.plan", shift.organisation_id)


def _led(shift_id: str) -> Shift:
    shift = shifts.find(auth.person(), shift_id)
    if not _leads(auth.person(), shift):
        raise access.Forbidden("shift.plan")
    return shift


def _way_in(shift: Shift) -> tuple[Shift, dict[str, Any]]:
    """The shift again and its link. Looking makes the link: a write, in a transaction that has not promised to read."""
    shift_id = shift.id
    db.session.rollback()
    shift = db.session.get_one(Shift, shift_id)
    link = shifts.link(shift, auth.secret())
    db.session.commit()
    return shift, fragments.way_in(link)


def _by_day(rows: Iterable[Any]) -> list[tuple[date, list[Any]]]:
    """Shifts or visits under their days, in the order they come."""
    days: dict[date, list[Any]] = {}
    for row in rows:
        days.setdefault(clock.local_day(row.starts_at) if isinstance(row, Shift) else row.day, []).append(row)
    return list(days.items())


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _share_text(shift: Shift) -> str:
    return "\n".join([summaries.summary(shift).sentence, *_image_lines(shift)])


def _image_lines(shift: Shift) -> list[str]:
    """Where and when, in a few words."""
    ground = areas.in_order(shift.areas)
    where = ", ".join(area.name for area in ground[:2]) + (f" +{len(ground) - 2}" if len(ground) > 2 else "")
    way = campaigns.channel_name(shift.channel)
    return [
        f"{way} · {where}" if where else way,
        i18n.day(shift.starts_at, "EEEE d MMMM"),
        shift.organisation.name,
        shift.campaign.name,
    ]


# --- the form -----------------------------------------------------------------------------------------------


def _empty() -> forms.Form:
    """A form that knows which of its fields can be chosen several times."""
    return forms.Form(areas=[])


def _blank(campaign: Campaign, node: Organisation, pattern: Shift | None) -> forms.Form:
    first = shifts.suggestion(campaign, node, pattern)
    return forms.Form(
        organisation=node.id,
        channel=first["channel"],
        held_on=first["day"].isoformat(),
        begins=f"{first['from']:%H:%M}",
        ends=f"{first['to']:%H:%M}",
        areas=first.get("areas", []),
        place=first.get("place", ""),
        coordinates=_written(*first.get("position", (None, None))),
        leader=first.get("leader") or auth.person().id,
        wanted=_or_empty(first.get("wanted")),
        expected=_or_empty(first.get("expected")),
        script=first.get("script", ""),
        points=first.get("points", ""),
    )


def _filled(shift: Shift) -> forms.Form:
    return forms.Form(
        organisation=shift.organisation_id,
        channel=shift.channel,
        held_on=clock.local_day(shift.starts_at).isoformat(),
        begins=i18n.time_of_day(shift.starts_at),
        ends=i18n.time_of_day(shift.ends_at),
        areas=[area.id for area in shift.areas],
        place=shift.place,
        coordinates=_written(shift.latitude, shift.longitude),
        leader=shift.leader_id or "",
        wanted=_or_empty(shift.wanted),
        expected=_or_empty(shift.expected),
        script=shift.script,
        points=shift.points,
    )


def _fields(form: forms.Form, organisation: Organisation, shift: Shift | None) -> dict[str, Any]:
    latitude, longitude = _position(form)
    leader_id = form.text("leader")
    leader = shift.leader if shift and leader_id == shift.leader_id else _chosen(leader_id, organisation)
    if leader_id and leader is None:
        form.errors["leader"] = _("Välj någon i listan.")
    day = form.day("held_on")
    return {
        "channel": form.text("channel"),
        "starts_at": _moment(form, day, "begins"),
        "ends_at": _moment(form, day, "ends"),
        "area_ids": form.many("areas"),
        "place": form.text("place"),
        "latitude": latitude,
        "longitude": longitude,
        "leader": leader,
        "wanted": form.whole("wanted"),
        "expected": form.whole("expected"),
        "script": form.text("script"),
        "points": form.text("points"),
    }


def _moment(form: forms.Form, day: date | None, name: str) -> datetime | None:
    """The moment that a time of that day is, in Sweden."""
    typed = form.text(name)
    if day is None or not typed:
        return None
    try:
        return datetime.combine(day, time.fromisoformat(typed).replace(tzinfo=None), clock.ZONE)
    except ValueError:
        form.errors[name] = _("Skriv tiden som 18:00.")
        return None


def _position(form: forms.Form) -> tuple[float | None, float | None]:
    try:
        return places.position(form.coordinates) or (None, None)
    except places.NotFound as error:
        form.errors["coordinates"] = str(error)
        return None, None


def _with_place(form: forms.Form, campaign_id: str, shift_id: str | None) -> ResponseReturnValue:
    """The form again with the place's position, when it can be found, and the areas nearest to it first."""
    if not form.text("coordinates") and form.text("place") and current_app.config["GEOCODER"]:
        # Nobody waits for the database while somebody else's server is asked.
        db.session.rollback()
        try:
            found = places.look_up(form.text("place"), current_app.config["GEOCODER"])
            form.fill("coordinates", _written(*found))
        except places.NotFound as error:
            form.errors["place"] = str(error)
    elif not form.text("coordinates"):
        form.errors["coordinates"] = _("Skriv koordinaterna först, till exempel 58.5877, 16.1924.")
    _position(form)
    person = auth.person()
    shift = shifts.find(person, shift_id) if shift_id else None
    campaign = access.find(person, Campaign, campaign_id)
    return _form(form, campaign, shift), 422 if form.errors else 200


def _form(form: forms.Form, campaign: Campaign, shift: Shift | None) -> str:
    person = auth.person()
    stands = access.standpoints(person, campaign.organisation_id, "shift.plan")
    owners = organisations.tree([node.id for node in stands])
    organisation = shift.organisation if shift else db.session.get(Organisation, form.organisation) or stands[0]
    choices = _areas(form, campaign, organisation, shift)
    view, drawing = _map([area for area, _away in choices])
    options = [(area.id, area.name, _about(campaign, area, away)) for area, away in choices]
    return render_template(
        "shifts/form.html",
        form=form,
        errors=form.errors,
        campaign=campaign,
        shift=shift,
        owners=owners,
        first_areas=options[:FIRST_AREAS],
        more_areas=options[FIRST_AREAS:MOST_AREAS],
        view=view,
        drawing=drawing,
        channels=[(channel, campaigns.channel_name(channel)) for channel in campaign.channels],
        leaders=_leaders(organisation, shift),
        has_geocoder=bool(current_app.config["GEOCODER"]),
        is_found=bool(form.text("near")) and not form.errors,
    )


def _areas(
    form: forms.Form, campaign: Campaign, organisation: Organisation, shift: Shift | None
) -> list[tuple[Area, float | None]]:
    """The areas to choose from and how far each is: those chosen first, then the nearest or the organisation's own."""
    known = {area.id: area for area in areas.serving(campaign.organisation_id, near=organisation.id)}
    known |= {area.id: area for area in shift.areas} if shift else {}
    try:
        position = places.position(form.coordinates) or (None, None)
    except places.NotFound:
        position = (None, None)
    rows = shifts.near(known.values(), *position)
    chosen = set(form.areas)
    is_far = position[0] is not None
    rows.sort(key=lambda row: (row[0].id not in chosen, not is_far and row[0].organisation_id != organisation.id))
    return rows


def _map(ground: list[Area]) -> tuple[geometry.View | None, Drawing]:
    """The areas with outlines, to point out the meeting point on."""
    shown = areas.with_outlines(ground[:MOST_DRAWN])
    outlines = [outline for area in shown if (outline := area.geometry)]
    if not outlines:
        return None, Drawing()
    view = drawings.view_of(outlines, drawings.WIDTH, drawings.WIDTH / 20)
    return view, drawings.draw_in(view, [(area.geometry or {}, area.name, "", "") for area in shown])


def _about(campaign: Campaign, area: Area, metres: float | None) -> str:
    """How far away it is, and how it is advised to talk there."""
    channel = campaigns.advised(campaign, area.housing)
    advice = _("råd: %(channel)s", channel=campaigns.channel_name(channel).lower()) if channel else ""
    return " · ".join(said for said in (_distance(metres), advice) if said)


def _distance(metres: float | None) -> str:
    if metres is None:
        return ""
    if metres < 950:
        return _("%(count)s m bort", count=i18n.number(round(metres, -2) or 100))
    return _("%(count)s km bort", count=i18n.number(metres / 1000, 1))


def _leaders(organisation: Organisation, shift: Shift | None) -> list[tuple[str, str]]:
    found = trainings.leaders_to_choose(organisation, by=auth.person())
    if shift is not None and shift.leader is not None and shift.leader not in found:
        found.append(shift.leader)
    done = trainings.trained(organisations.beneath(organisation.id))
    return [(p.id, _("%(name)s (utbildad)", name=p.name) if p.id in done else p.name) for p in found]


def _chosen(person_id: str, organisation: Organisation) -> Person | None:
    """The person chosen in a list of those who may lead there."""
    return next((p for p in trainings.leaders_to_choose(organisation, by=auth.person()) if p.id == person_id), None)


def _written(latitude: float | None, longitude: float | None) -> str:
    return "" if latitude is None or longitude is None else f"{latitude}, {longitude}"


def _or_empty(number: int | None) -> str:
    return "" if number is None else str(number)
