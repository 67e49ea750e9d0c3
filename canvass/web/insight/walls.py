"""The wallboard: a screen of numbers that a secret address opens, and the leaders' page of those addresses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import targets
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import walls
from canvass.insight.streams import Subject
from canvass.insight.targets import milestones
from canvass.insight.walls import Wall
from canvass.members import access, organisations, tickets
from canvass.members.organisations import Organisation
from canvass.web.insight import blocks, watching
from canvass.web.insight.charts import chart
from canvass.web.page import auth, forms, fragments, site

bp = Blueprint("walls", __name__)

PAGE, BLOCK = "walls/wall.html", "walls/_numbers.html"
LOOKS = ("dark", "light")


@dataclass(frozen=True)
class Mark:
    """A milestone and the share of the target that it is; the share is None for a target that has been raised since."""

    number: int
    reached_on: date | None
    share: float | None


# --- the wallboard, for everybody who has its address -------------------------------------------------------


@bp.get("/wall/<token>")
@auth.open_by_token
def wall(token: str) -> ResponseReturnValue:
    """The screen, or only its block of numbers when htmx asks, which it does when there is no stream; with an ETag."""
    try:
        shown = walls.with_token(token)
    except tickets.Gone as gone:
        return _unseen(make_response(render_template("walls/gone.html", gone=gone), 410))
    i18n.speak(shown.language)
    look = request.args.get("look", "")
    body = fragments.page_or_part(
        PAGE,
        BLOCK,
        address=url_for("walls.wall", token=token),
        stream=url_for("walls.watch", token=token),
        look=look if look in LOOKS else LOOKS[0],
        **values(shown.campaign, shown.organisation),
    )
    response = make_response(body)
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:20])
    response.headers["Cache-Control"] = "private, no-cache" if fragments.wants_part() else "no-store"
    response.headers["Vary"] = "HX-Request, HX-Request-Type"
    response.make_conditional(request)
    return _unseen(response)


@bp.get("/wall/<token>/live")
@auth.open_by_token
def watch(token: str) -> ResponseReturnValue:
    """The block as a stream."""
    shown = walls.with_token(token)
    i18n.speak(shown.language)
    return _unseen(watching.answer(subject(shown.campaign, shown.organisation), walls.still_open, shown.id))


def _unseen(response: Response) -> Response:
    """The answer with headers that keep the secret address from other sites and from search engines."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def subject(campaign: Campaign, node: Organisation) -> Subject:
    """The block as something to watch, in the language of the moment; screens that show the same share one."""
    line = tuple(above.id for above in organisations.above(node.id))
    render = partial(blocks.block, BLOCK, values, campaign.id, node.id, i18n.language())
    return Subject(("wall", campaign.id, node.id, i18n.language()), campaign.id, line, render)


# --- its numbers --------------------------------------------------------------------------------------------


def values(campaign: Campaign, node: Organisation) -> dict[str, Any]:
    """The block's values. Only sums: no names of people, and no lists in which somebody could be last."""
    here = organisations.beneath(node.id)
    days = tallies.by("day", campaign.id, here)
    talked = sum(count.conversations for count in days.values())
    agreed = targets.revisions(campaign, node.id)
    target = agreed[-1][1] if agreed else 0
    marks = _marks(days, target, [number for _day, number in agreed])
    since = walls.lately()
    return {
        "campaign": campaign,
        "node": node,
        "talked": talked,
        "attempts": sum(count.attempts for count in days.values()),
        "target": target,
        "today": days.get(clock.today().isoformat(), Count()).conversations,
        "since": since.astimezone(clock.ZONE),
        "lately": walls.conversations_since(since, campaign.id, here),
        "best_day": _best_day(days),
        "quarters": [mark for mark in marks if mark.share],
        "news": _news(marks),
        "burn_up": chart.draw(blocks.burn_up(campaign, days, blocks.background(campaign, node)), large=True),
        "sentence": _sentence(campaign, target - talked if target else None, marks),
        "version": _version(campaign.name, node.name, i18n.language()),
    }


@lru_cache(maxsize=256)
def _version(campaign_name: str, node_name: str, _language: str) -> str:
    """A hash of the page without its block, in the language of the moment; wall.js reloads the page when it changes.

    Within a process the page depends on these arguments alone, so it is rendered once for each, not with each block.
    """
    names = {"campaign": {"name": campaign_name}, "node": {"name": node_name}}
    frame = render_template(PAGE, **names, look=LOOKS[0], is_frame_only=True)
    return hashlib.sha256(frame.encode()).hexdigest()[:10]


def _best_day(days: dict[str, Count]) -> tuple[date, int]:
    """The day with the most conversations, and how many: shown when the campaign is over."""
    best = max(days, key=lambda day: days[day].conversations, default=clock.today().isoformat())
    return date.fromisoformat(best), days.get(best, Count()).conversations


def _marks(days: dict[str, Count], target: int, agreed: list[int]) -> list[Mark]:
    """The milestones of the target; `agreed` are all targets so far."""
    quarters = {-(-target * quarter // 4): quarter / 4 for quarter in (1, 2, 3, 4)}
    return [
        Mark(milestone.number, milestone.reached_on, quarters.get(milestone.number))
        for milestone in milestones.milestones(days, target, agreed)
    ]


def _news(marks: list[Mark]) -> str:
    """The highest milestone that was reached today, in words; empty without one."""
    newest = next((mark for mark in reversed(marks) if mark.reached_on == clock.today()), None)
    if newest is None:
        return ""
    if newest.share is None:
        return _("Idag nådde vi det förra målet, %(number)s samtal!", number=i18n.number(newest.number))
    return {
        0.25: _("Idag nådde vi en fjärdedel av målet!"),
        0.5: _("Idag nådde vi halva målet!"),
        0.75: _("Idag nådde vi tre fjärdedelar av målet!"),
        1: _("Idag nådde vi målet!"),
    }[newest.share]


def _sentence(campaign: Campaign, left: int | None, marks: list[Mark]) -> str:
    """The campaign's state or what is left to the target, in words; empty while it goes on without a target."""
    if campaign.state in ("closing", "closed"):
        return _("Kampanjen är avslutad. Tack, alla som var med!")
    if campaign.starts_on > clock.today():
        return _("Vi börjar den %(day)s.", day=i18n.day(campaign.starts_on, "d MMMM"))
    if left is None:
        return ""
    if left <= 0:
        return _("Målet är nått!")
    former = max((mark.number for mark in marks if mark.share is None and mark.reached_on), default=None)
    if former is not None:
        return ngettext(
            "Förra målet, %(former)s, är nått. %(num)s samtal kvar till det nya.",
            "Förra målet, %(former)s, är nått. %(num)s samtal kvar till det nya.",
            left,
            former=i18n.number(former),
        )
    return ngettext("%(num)s samtal kvar till målet", "%(num)s samtal kvar till målet", left)


# --- the links ----------------------------------------------------------------------------------------------


@bp.get("/campaigns/<campaign_id>/walls")
def index(campaign_id: str) -> ResponseReturnValue:
    """The addresses of the campaign's wallboards at one organisation and beneath, to open and to copy."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    tops = access.tops(person, campaign.organisation_id, "wall.manage")
    if not tops:
        raise access.Forbidden("wall.manage")
    nodes = [node for _depth, node in organisations.tree([node.id for node in tops])]
    wanted = request.args.get("at") or tops[0].id
    node = next((node for node in nodes if node.id == wanted), None)
    if node is None:
        raise access.NotFound(wanted)
    return render_template(
        "walls/index.html",
        campaign=campaign,
        node=node,
        organisations=nodes,
        rows=[(known, _address(known), _address(known, LOOKS[1])) for known in walls.beneath(campaign.id, node.id)],
        form=forms.Form(language=i18n.language()),
    )


@bp.post("/campaigns/<campaign_id>/walls")
def make(campaign_id: str) -> ResponseReturnValue:
    """Make a link; the page that follows shows it."""
    person, form = auth.person(), forms.Form()
    campaign = access.find(person, Campaign, campaign_id)
    node = access.find(person, Organisation, form.text("organisation"), "wall.manage")
    if not organisations.is_beneath(node.id, campaign.organisation_id):
        raise access.NotFound(node.id)
    walls.make(campaign, node, form.text("name"), form.text("language"), site.secret(), by=person)
    db.session.commit()
    fragments.say(_("Länken är klar. Öppna den på datorn vid projektorn."))
    return redirect(url_for("walls.index", campaign_id=campaign.id, at=node.id), 303)


@bp.post("/walls/<wall_id>/withdraw")
def withdraw(wall_id: str) -> ResponseReturnValue:
    """End a link."""
    known = access.find(auth.person(), Wall, wall_id, "wall.manage")
    walls.withdraw(known, by=auth.person())
    db.session.commit()
    fragments.say(_("Länken gäller inte längre. Skärmar som visade den släcks."))
    return redirect(url_for("walls.index", campaign_id=known.campaign_id, at=known.organisation_id), 303)


def _address(known: Wall, look: str | None = None) -> str:
    return f"{site.base_url()}{url_for('walls.wall', token=walls.token(known, site.secret()), look=look)}"
