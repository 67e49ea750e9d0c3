"""The map of a campaign: how much of each area is done, where nobody has been for long, and which shifts go there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import areas, campaigns, shifts
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.insight import coverage, outings
from canvass.insight.coverage import Ground
from canvass.members import access, organisations
from canvass.web.insight import measures
from canvass.web.insight.maps import Map
from canvass.web.page import auth, drawings, fragments, level, security
from canvass.web.page.level import Level

bp = Blueprint("coverage", __name__, url_prefix="/campaigns/<campaign_id>/map")

MOST_VISITS = 10
# The order in which ground is listed: by name, or with the least done, or the longest left alone, first.
SORTS: dict[str, Callable[[Ground], Any]] = {
    "name": lambda ground: i18n.sort_key(ground.name),
    "attainment": lambda ground: (ground.percentage is None, ground.percentage),
    "visited": lambda ground: -(10**9 if ground.days_since is None else ground.days_since),
}


@bp.get("")
def page(campaign_id: str) -> ResponseReturnValue:
    """The map and a table of the same; of municipalities above a municipal organisation, else of areas."""
    campaign, here = _campaign_and_level(campaign_id)
    node, measure = here.node, _measure()
    municipalities = coverage.by_municipality(campaign, node) if node.kind in organisations.ABOVE_MUNICIPAL else []
    grounds = municipalities or coverage.by_area(campaign, node)
    outlines = coverage.outlines(grounds)
    crowd = drawings.crowded(outlines.values())
    is_close = bool(crowd) and bool(request.args.get("close"))
    shown = Map(campaign, grounds, measure, _at(here))
    address = partial(_address, shown, is_close)
    return _with_map(
        "coverage/page.html",
        campaign=campaign,
        node=node,
        level=here,
        top_tabs=[{"url": address(at=s.id), "label": s.name, "current": s is node} for s in here.tops],
        parts=organisations.children(node.id),
        is_wide=bool(municipalities),
        measure=measure,
        measures=[
            {"url": address(by=by, sort=None), "label": name, "current": by == measure}
            for by, name in measures.names().items()
        ],
        address=address,
        without_outline=len(grounds) - len(outlines),
        drawing=shown.draw(outlines, crowd if is_close else outlines.values()),
        legend_rows=measures.legend(grounds, measure),
        can_be_close=bool(crowd),
        is_close=is_close,
        **_table(shown),
    )


def _address(shown: Map, is_close: bool, **asked: str | None) -> str:
    """The address of the page as it is, but for what is `asked` otherwise."""
    now: dict[str, Any] = {
        "at": shown.at,
        "by": shown.measure,
        "sort": request.args.get("sort"),
        "close": "yes" if is_close else None,
    }
    return url_for("coverage.page", campaign_id=shown.campaign.id, **{**now, **asked})


def _table(shown: Map) -> dict[str, Any]:
    """The values of the table beside the map."""
    asked = request.args.get("sort", "")
    sort = asked if asked in SORTS else shown.measure
    return {
        # The map's measure comes first: on a phone only the first column is seen without a swipe.
        "columns": sorted(measures.names().items(), key=lambda column: column[0] != shown.measure),
        "sort": sort,
        "grounds": sorted(shown.grounds, key=lambda ground: (SORTS[sort](ground), i18n.sort_key(ground.name))),
        "links": {ground.id: shown.address(ground) for ground in shown.grounds},
    }


@bp.get("/<area_id>")
def area(campaign_id: str, area_id: str) -> ResponseReturnValue:
    """One area in this campaign: what has been done there and which shifts go there; for leaders also to plan more."""
    return _area(campaign_id, area_id)


@bp.post("/<area_id>/assign")
def assign(campaign_id: str, area_id: str) -> ResponseReturnValue:
    """Give the area to a shift."""
    shift, found = _shift_and_area(campaign_id, area_id)
    try:
        shifts.assign(shift, found, by=auth.person())
    except Refused as error:
        db.give_up()
        return _area(campaign_id, area_id, str(error)), 422
    db.session.commit()
    fragments.say(_("%(name)s ingår nu i passet.", name=found.name))
    return _back(campaign_id, area_id)


@bp.post("/<area_id>/release")
def release(campaign_id: str, area_id: str) -> ResponseReturnValue:
    """Take the area from a shift."""
    shift, found = _shift_and_area(campaign_id, area_id)
    shifts.release(shift, found, by=auth.person())
    db.session.commit()
    fragments.say(_("%(name)s ingår inte längre i passet.", name=found.name))
    return _back(campaign_id, area_id)


# --- one area -----------------------------------------------------------------------------------------------


def _area(campaign_id: str, area_id: str, error: str = "") -> Response:
    """The area's page; `error` is why it could not be given to a shift."""
    campaign, here = _campaign_and_level(campaign_id)
    node = here.node
    found = _served(campaign, area_id)
    shown = Map(campaign, coverage.by_area(campaign, node, also=found), _measure(), _at(here))
    upcoming = [shift for shift in shifts.upcoming(campaign, node, most=None) if shift.cancelled_at is None]
    plans_at = set(db.session.scalars(access.reach(auth.person(), "shift.plan")))
    channel = campaigns.advised(campaign, found.housing)
    return _with_map(
        "coverage/area.html",
        campaign=campaign,
        node=node,
        at=shown.at,
        measure=shown.measure,
        area=found,
        ground=next(ground for ground in shown.grounds if ground.id == found.id),
        drawing=shown.draw_around(found),
        visits=outings.visits(campaign, organisations.beneath(node.id), area_id=found.id, most=MOST_VISITS)[0],
        advice=coverage.advice_name(channel) if channel else "",
        shifts=[(shift, shift.organisation_id in plans_at) for shift in upcoming if found in shift.areas],
        choices=[
            (shift.id, _shift_name(shift))
            for shift in upcoming
            if found not in shift.areas and shift.organisation_id in plans_at
        ],
        may_plan=node.id in plans_at,
        may_edit=access.may(auth.person(), "area.edit", found.organisation_id),
        hours=_hours,
        errors={"shift": error} if error else {},
    )


def _shift_and_area(campaign_id: str, area_id: str) -> tuple[Shift, Area]:
    """What the form names: a shift of this campaign that the person may plan, and the area."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    found = _served(campaign, area_id)
    shift = access.find(person, Shift, request.form.get("shift", ""), "shift.plan")
    if shift.campaign_id != campaign.id:
        raise access.NotFound(shift.id)
    return shift, found


def _served(campaign: Campaign, area_id: str) -> Area:
    """The area, if the campaign is held there. Raises access.NotFound."""
    found = access.find(auth.person(), Area, area_id)
    if not areas.serves(found, campaign.organisation_id):
        raise access.NotFound(area_id)
    return found


def _back(campaign_id: str, area_id: str) -> ResponseReturnValue:
    at = request.form.get("at") or None
    return redirect(url_for("coverage.area", campaign_id=campaign_id, area_id=area_id, at=at), 303)


def _shift_name(shift: Shift) -> str:
    """A shift in one line, for a list to choose from."""
    said = (i18n.day(shift.starts_at, "EEE d MMM"), _hours(shift), shift.place, shift.organisation.name)
    return " · ".join(part for part in said if part)


def _hours(shift: Shift) -> str:
    """When the shift begins and ends, in Swedish time: 18:00–20:00."""
    begins, ends = (moment.astimezone(clock.ZONE) for moment in (shift.starts_at, shift.ends_at))
    return f"{begins:%H:%M}–{ends:%H:%M}"


# --- what is asked for --------------------------------------------------------------------------------------


def _campaign_and_level(campaign_id: str) -> tuple[Campaign, Level]:
    """The campaign, and the level of the tree that is asked for. Raises access.NotFound."""
    campaign = access.find(auth.person(), Campaign, campaign_id)
    return campaign, level.of(campaign)


def _at(here: Level) -> str | None:
    """The level as addresses say it: None where it is the person's own, which addresses leave out."""
    return None if here.node is here.tops[0] else here.node.id


def _measure() -> str:
    asked = request.args.get("by")
    return asked if asked in coverage.MEASURES else coverage.MEASURES[0]


def _with_map(template: str, **values: Any) -> Response:
    """The page, allowed to load tiles from the operator's server if one is named."""
    page = render_template(
        template,
        stated=measures.stated,
        look=measures.look,
        since=measures.since,
        credit=current_app.config["TILES_CREDIT"],
        **values,
    )
    return security.allow_tiles(make_response(page))
