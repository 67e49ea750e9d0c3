"""The form in which a shift is planned and changed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from canvass.core import clock, coordinates, db, i18n, places
from canvass.core.i18n import gettext as _
from canvass.fieldwork import areas, campaigns, meeting_points, shifts, suggestions, trainings
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Facts, Shift
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.page import auth, drawings, forms
from canvass.web.page.drawings import Drawing
from canvass.web.page.frames import Frame

# Areas shown at once; the rest are folded, and beyond so many they are searched. At most so many are drawn on the map.
FIRST_AREAS, MOST_AREAS, MOST_DRAWN = 12, 1000, 100


def empty() -> forms.Form:
    """An empty form in which several areas can be chosen."""
    return forms.Form(areas=[])


def blank(campaign: Campaign, node: Organisation, pattern: Shift | None) -> forms.Form:
    """The form for a new shift, with the suggested values."""
    first = suggestions.next_shift(campaign, node, pattern)
    return forms.Form(
        organisation=node.id,
        channel=first["channel"],
        held_on=first["day"].isoformat(),
        begins=f"{first['from']:%H:%M}",
        ends=f"{first['to']:%H:%M}",
        areas=first.get("areas", []),
        place=first.get("place", ""),
        coordinates=_written(*first.get("position", (None, None))),
        leader=first.get("leader") or current_user.id,
        wanted=_or_empty(first.get("wanted")),
        expected=_or_empty(first.get("expected")),
        script=first.get("script", ""),
        points=first.get("points", ""),
    )


def filled(shift: Shift) -> forms.Form:
    """The form with the shift's values."""
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


def facts(form: forms.Form, organisation: Organisation, shift: Shift | None) -> Facts:
    """What the form says of the shift; what cannot be read has a sentence in its errors."""
    latitude, longitude = _position(form)
    leader_id = form.text("leader")
    leader = shift.leader if shift and leader_id == shift.leader_id else _chosen(leader_id, organisation)
    if leader_id and leader is None:
        form.errors["leader"] = _("Välj någon i listan.")
    day = form.day("held_on")
    starts_at, ends_at = _moment(form, day, "begins"), _moment(form, day, "ends")
    if day and starts_at and ends_at and ends_at < starts_at and day < date.max:
        ends_at = _moment(form, day + timedelta(days=1), "ends")  # after midnight
    return form.read(
        Facts,
        starts_at=starts_at,
        ends_at=ends_at,
        area_ids=form.many("areas"),
        latitude=latitude,
        longitude=longitude,
        leader=leader,
    )


def _moment(form: forms.Form, day: date | None, name: str) -> datetime | None:
    """The field's time on that day in Sweden, as UTC, in which lengths are right on the nights the clocks change.

    None when there is none or it cannot be read.
    """
    typed = form.text(name)
    if day is None or not typed:
        return None
    try:
        return clock.at(day, time.fromisoformat(typed).replace(tzinfo=None))
    except (ValueError, OverflowError):
        form.errors[name] = _("Skriv tiden som 18:00.")
        return None


def _position(form: forms.Form) -> tuple[float | None, float | None]:
    try:
        return coordinates.position(form.coordinates) or (None, None)
    except places.NotFound as error:
        form.errors["coordinates"] = str(error)
        return None, None


def with_place(form: forms.Form, campaign_id: str, shift_id: str | None) -> ResponseReturnValue:
    """The form again with the meeting point's position, if found, and the nearest areas first."""
    db.give_up()  # nothing is saved, and no transaction is open while the geocoder is asked
    if not form.text("coordinates") and form.text("place") and current_app.config["GEOCODER"]:
        try:
            found = places.look_up(form.text("place"), current_app.config["GEOCODER"])
            form.fill("coordinates", _written(*found))
        except places.NotFound as error:
            form.errors["place"] = str(error)
    elif not form.text("coordinates"):
        form.errors["coordinates"] = _("Skriv koordinaterna först, till exempel 58.5877, 16.1924.")
    latitude, longitude = _position(form)
    if latitude is not None:
        form.fill("coordinates", _written(latitude, longitude))
    person = auth.person()
    shift = shifts.find(person, shift_id) if shift_id else None
    campaign = access.find(person, Campaign, campaign_id)
    return show(form, campaign, shift), 422 if form.errors else 200


def with_areas(form: forms.Form, campaign_id: str, shift_id: str | None) -> str:
    """The form again with the areas that have the words searched for."""
    person = auth.person()
    shift = shifts.find(person, shift_id) if shift_id else None
    return show(form, access.find(person, Campaign, campaign_id), shift)


def show(form: forms.Form, campaign: Campaign, shift: Shift | None) -> str:
    person = auth.person()
    tops = access.tops(person, campaign.organisation_id, "shift.plan")
    owners = organisations.tree([node.id for node in tops])
    organisation = shift.organisation if shift else db.session.get(Organisation, form.organisation) or tops[0]
    choices = _areas(form, campaign, organisation, shift)
    frame, drawing = _map([area for area, _away in choices])
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
        hidden_areas=max(0, len(options) - MOST_AREAS),
        frame=frame,
        drawing=drawing,
        channels=[(channel, campaigns.channel_name(channel)) for channel in campaign.channels],
        leaders=_leaders(organisation, shift),
        has_geocoder=bool(current_app.config["GEOCODER"]),
        is_found=bool(form.text("near")) and not form.errors,
    )


def _areas(
    form: forms.Form, campaign: Campaign, organisation: Organisation, shift: Shift | None
) -> list[tuple[Area, float | None]]:
    """(area, metres) to choose from: the chosen ones first, then the nearest or the organisation's own."""
    known = {area.id: area for area in areas.serving(campaign.organisation_id, near=organisation.id)}
    known |= {area.id: area for area in shift.areas} if shift else {}
    try:
        position = coordinates.position(form.coordinates) or (None, None)
    except places.NotFound:
        position = (None, None)
    rows = meeting_points.near(known.values(), *position)
    chosen, wanted = set(form.areas), form.words
    rows = [row for row in rows if row[0].id in chosen or areas.has_words(row[0], wanted)]
    is_far = position[0] is not None
    rows.sort(key=lambda row: (row[0].id not in chosen, not is_far and row[0].organisation_id != organisation.id))
    return rows


def _map(ground: list[Area]) -> tuple[Frame | None, Drawing]:
    """A map of the areas, on which to point out the meeting point."""
    shown = areas.with_outlines(ground[:MOST_DRAWN])
    outlines = [outline for area in shown if (outline := area.geometry)]
    if not outlines:
        return None, Drawing()
    frame = drawings.frame_of(outlines, drawings.WIDTH, drawings.WIDTH / 20)
    return frame, drawings.draw_in(frame, [(area.geometry or {}, area.name, "", "") for area in shown])


def _about(campaign: Campaign, area: Area, metres: float | None) -> str:
    """The area's distance and the channel advised there."""
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
    """The person with this id, if they may lead a shift there."""
    return next((p for p in trainings.leaders_to_choose(organisation, by=auth.person()) if p.id == person_id), None)


def _written(latitude: float | None, longitude: float | None) -> str:
    return "" if latitude is None or longitude is None else f"{latitude}, {longitude}"


def _or_empty(number: int | None) -> str:
    return "" if number is None else str(number)
