"""The map of a campaign: which ground is done, where nobody has been for long, and which shifts go there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db, geometry, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import areas, campaigns, shifts
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.insight import coverage
from canvass.insight.coverage import Ground
from canvass.members import access, organisations
from canvass.web.page import auth, drawings, fragments, level
from canvass.web.page.drawings import Drawing, Place
from canvass.web.page.level import Level

bp = Blueprint("coverage", __name__, url_prefix="/campaigns/<campaign_id>/map")

# The order in which ground is listed: by name, or what needs us most first.
SORTS: dict[str, Callable[[Ground], Any]] = {
    "name": lambda ground: i18n.sort_key(ground.name),
    "attainment": lambda ground: (ground.percentage is None, ground.percentage),
    "visited": lambda ground: -(10**9 if ground.days_since is None else ground.days_since),
}


@bp.get("")
def page(campaign_id: str) -> ResponseReturnValue:
    """The map and the table that says the same; municipalities from above, areas from a municipality down."""
    campaign, here = _standing(campaign_id)
    node, at = here.node, _at(here)
    measure, sort = _measure(), request.args.get("sort", "")
    municipalities = coverage.by_municipality(campaign, node) if node.kind in organisations.ABOVE_MUNICIPAL else []
    is_wide, grounds = bool(municipalities), municipalities or coverage.by_area(campaign, node)
    outlines = coverage.outlines(grounds)
    crowd = drawings.thick_of(outlines.values())
    is_close = bool(crowd) and bool(request.args.get("close"))
    sort = sort if sort in SORTS else measure

    def address(**asked: str | None) -> str:
        """This page, but for what is asked otherwise."""
        now: dict[str, Any] = {
            "at": at,
            "by": measure,
            "sort": request.args.get("sort"),
            "close": "yes" if is_close else None,
        }
        return url_for("coverage.page", campaign_id=campaign.id, **{**now, **asked})

    return _with_map(
        "coverage/page.html",
        campaign=campaign,
        node=node,
        level=here,
        stand_tabs=[{"url": address(at=s.id), "label": s.name, "current": s is node} for s in here.stands],
        parts=organisations.children(node.id),
        is_wide=is_wide,
        measure=measure,
        measures=[
            {"url": address(by=by, sort=None), "label": name, "current": by == measure}
            for by, name in _columns().items()
        ],
        # What the colour says comes first: a phone shows no more without a swipe.
        columns=sorted(_columns().items(), key=lambda column: column[0] != measure),
        address=address,
        sort=sort,
        grounds=sorted(grounds, key=lambda ground: (SORTS[sort](ground), i18n.sort_key(ground.name))),
        links={ground.id: _leads_to(campaign, ground, at, measure) for ground in grounds},
        without_outline=len(grounds) - len(outlines),
        drawing=_draw(campaign, grounds, outlines, at, measure, crowd if is_close else outlines.values()),
        legend_rows=_legend(grounds, measure),
        can_be_close=bool(crowd),
        is_close=is_close,
    )


@bp.get("/<area_id>")
def area(campaign_id: str, area_id: str) -> ResponseReturnValue:
    """One area in this campaign: what has been done there, what is planned, and planning more."""
    return _area(campaign_id, area_id)


@bp.post("/<area_id>/assign")
def assign(campaign_id: str, area_id: str) -> ResponseReturnValue:
    """Let a shift go there, or the page again with why it cannot."""
    shift, found = _shift_and_area(campaign_id, area_id)
    try:
        shifts.assign(shift, found, by=auth.person())
    except Refused as error:
        db.session.rollback()
        return _area(campaign_id, area_id, str(error)), 422
    db.session.commit()
    fragments.say(_("%(name)s ingår nu i passet.", name=found.name))
    return _back(campaign_id, area_id)


@bp.post("/<area_id>/release")
def release(campaign_id: str, area_id: str) -> ResponseReturnValue:
    """A shift does not go there after all."""
    shift, found = _shift_and_area(campaign_id, area_id)
    shifts.release(shift, found, by=auth.person())
    db.session.commit()
    fragments.say(_("%(name)s ingår inte längre i passet.", name=found.name))
    return _back(campaign_id, area_id)


# --- one area -----------------------------------------------------------------------------------------------


def _area(campaign_id: str, area_id: str, error: str = "") -> Response:
    campaign, here = _standing(campaign_id)
    node = here.node
    found = _served(campaign, area_id)
    measure, at = _measure(), _at(here)
    grounds = coverage.by_area(campaign, node, also=found)
    upcoming = coverage.upcoming(campaign, node)
    plans_at = set(db.session.scalars(access.reach(auth.person(), "shift.plan")))
    channel = campaigns.advised(campaign, found.housing)
    return _with_map(
        "coverage/area.html",
        campaign=campaign,
        node=node,
        at=at,
        measure=measure,
        area=found,
        ground=next(ground for ground in grounds if ground.id == found.id),
        drawing=_surroundings(campaign, grounds, found, at, measure),
        visits=coverage.visits(campaign, node, found),
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


def _surroundings(campaign: Campaign, grounds: list[Ground], found: Area, at: str | None, measure: str) -> Drawing:
    """The area among its neighbours, as far as those reach into the picture."""
    outlines = coverage.outlines(grounds)
    own = outlines.pop(found.id, None)
    if own is None:
        return Drawing()
    view = _view([own], margin=drawings.CHART_WIDTH / 5)
    near = {id_: outline for id_, outline in outlines.items() if drawings.is_within(view, outline)}
    # Last, so that its edge lies above its neighbours'.
    places = [*_places(campaign, grounds, near, at, measure), *_places(campaign, grounds, {found.id: own}, at, measure)]
    drawing = drawings.draw_places(view, places, _tiles())
    drawing.outlines[-1] |= {"url": "", "look": f"{drawing.outlines[-1]['look']} map-here"}
    return drawing


def _shift_and_area(campaign_id: str, area_id: str) -> tuple[Shift, Area]:
    """What the form names: a shift of this campaign that the person plans, and the area."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    found = _served(campaign, area_id)
    shift = access.find(person, Shift, request.form.get("shift", ""), "shift.plan")
    if shift.campaign_id != campaign.id:
        raise access.NotFound(shift.id)
    return shift, found


def _served(campaign: Campaign, area_id: str) -> Area:
    found = access.find(auth.person(), Area, area_id)
    if not areas.serves(found, campaign.organisation_id):
        raise access.NotFound(area_id)
    return found


def _back(campaign_id: str, area_id: str) -> ResponseReturnValue:
    at = request.form.get("at") or None
    return redirect(url_for("coverage.area", campaign_id=campaign_id, area_id=area_id, at=at), 303)


def _shift_name(shift: Shift) -> str:
    """A shift in one line of a list to choose from."""
    said = (i18n.day(shift.starts_at, "EEE d MMM"), _hours(shift), shift.place, shift.organisation.name)
    return " · ".join(part for part in said if part)


def _hours(shift: Shift) -> str:
    """From when to when, as clocks in Sweden say."""
    begins, ends = (moment.astimezone(clock.ZONE) for moment in (shift.starts_at, shift.ends_at))
    return f"{begins:%H:%M}–{ends:%H:%M}"


# --- maps ---------------------------------------------------------------------------------------------------


def _draw(
    campaign: Campaign,
    grounds: list[Ground],
    outlines: dict[str, geometry.Geometry],
    at: str | None,
    measure: str,
    shown: Iterable[geometry.Geometry],
) -> Drawing:
    """All outlines that reach into a picture of those `shown`."""
    if not outlines:
        return Drawing()
    view = _view(shown, margin=drawings.CHART_WIDTH / 100)
    within = {id_: outline for id_, outline in outlines.items() if drawings.is_within(view, outline)}
    return drawings.draw_places(view, _places(campaign, grounds, within, at, measure), _tiles())


def _places(
    campaign: Campaign,
    grounds: list[Ground],
    outlines: dict[str, geometry.Geometry],
    at: str | None,
    measure: str,
) -> list[Place]:
    return [
        Place(
            outline=outlines[ground.id],
            name=ground.name,
            url=_leads_to(campaign, ground, at, measure),
            look=_look(ground.step(measure)),
            label=f"{ground.name}: {stood(ground, measure)}",
            value=_briefly(ground, measure),
        )
        for ground in grounds
        if ground.id in outlines
    ]


def _view(shown: Iterable[geometry.Geometry], margin: float) -> geometry.View:
    """Mercator only where somebody's tiles lie beneath: it swells towards the north."""
    rise = geometry.mercator if _tiles() else geometry.plain
    return drawings.view_of(shown, drawings.CHART_WIDTH, margin, rise)


def _tiles() -> str:
    return str(current_app.config["TILES_URL"])


def _with_map(template: str, **values: Any) -> Response:
    """The page, which may show the tiles of the operator's server, if there is one."""
    page = render_template(
        template, stood=stood, look=_look, since=since, credit=current_app.config["TILES_CREDIT"], **values
    )
    return auth.allow_tiles(make_response(page))


def _columns() -> dict[str, str]:
    """What each measure is called."""
    return {"attainment": _("Måluppfyllelse"), "visited": _("Senast där")}


def _look(step: int | None) -> str:
    return "step-none" if step is None else f"step-{step}"


def _legend(grounds: list[Ground], measure: str) -> list[tuple[str, str, int]]:
    """Each look with its words and how many there are of it; the last only where there is any."""
    names: dict[int | None, str] = {0: _("Inget än"), **{step: _percents(step) for step in (1, 2, 3, 4)}}
    names |= {5: _("%(share)s eller mer", share=i18n.percent(1)), None: _("Inget att mäta mot")}
    if measure == "visited":
        names = {
            0: _("Ingen har varit där"),
            1: _("Längre sedan"),
            2: _("Senaste fyra veckorna"),
            4: _("Senaste två veckorna"),
            5: _("Senaste veckan"),
        }
    counts = {step: sum(ground.step(measure) == step for ground in grounds) for step in names}
    return [(_look(step), name, counts[step]) for step, name in names.items() if step is not None or counts[step]]


def _percents(step: int) -> str:
    if step == 1:
        return _("Under %(share)s", share=i18n.percent(coverage.BELOW_PERCENT[1] / 100))
    first, last = coverage.BELOW_PERCENT[step - 1], coverage.BELOW_PERCENT[step] - 1
    return f"{first}–{i18n.percent(last / 100)}"


def stood(ground: Ground, measure: str) -> str:
    """How it stands, in words: 72 % av målet."""
    if measure == "visited":
        return since(ground)
    share = i18n.percent(None if ground.percentage is None else ground.percentage / 100)
    if ground.basis == "target":
        return _("%(share)s av målet", share=share)
    return _("%(share)s av hushållen", share=share) if ground.basis else _("inget att mäta mot")


def since(ground: Ground) -> str:
    """When somebody was there last, in words."""
    days = ground.days_since
    if days is None:
        return _("ingen har varit där")
    if days < 2:
        return _("igår") if days else _("idag")
    return i18n.ngettext("%(num)s dag sedan", "%(num)s dagar sedan", days)


def _briefly(ground: Ground, measure: str) -> str:
    """The same as short as it can be, for the map itself."""
    if measure == "attainment":
        return i18n.percent(None if ground.percentage is None else ground.percentage / 100)
    if not ground.days_since:
        return "–" if ground.days_since is None else _("idag")
    return _("%(days)s d", days=i18n.number(ground.days_since))


# --- where one stands ---------------------------------------------------------------------------------------


def _leads_to(campaign: Campaign, ground: Ground, at: str | None, measure: str) -> str:
    """An area's page, or the map of a municipality."""
    by = None if measure == "attainment" else measure
    if ground.area:
        return url_for("coverage.area", campaign_id=campaign.id, area_id=ground.id, at=at, by=by)
    return url_for("coverage.page", campaign_id=campaign.id, at=ground.id, by=by)


def _standing(campaign_id: str) -> tuple[Campaign, Level]:
    """The campaign, and the level of the tree that is asked for."""
    campaign = access.find(auth.person(), Campaign, campaign_id)
    return campaign, level.of(campaign)


def _at(here: Level) -> str | None:
    """The level as addresses carry it: nothing where it is the person's own."""
    return None if here.node is here.stands[0] else here.node.id


def _measure() -> str:
    asked = request.args.get("by")
    return asked if asked in coverage.MEASURES else coverage.MEASURES[0]
