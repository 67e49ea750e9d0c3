"""How much of its ground a campaign has done, by either measure, in words and in the map's shades."""

from __future__ import annotations

from canvass.core import i18n
from canvass.core.i18n import gettext as _
from canvass.insight import coverage
from canvass.insight.coverage import Ground


def names() -> dict[str, str]:
    """What each measure is called."""
    return {"attainment": _("Måluppfyllelse"), "visited": _("Senast där")}


def look(step: int | None) -> str:
    """The CSS class of a step."""
    return "step-none" if step is None else f"step-{step}"


def legend(grounds: list[Ground], measure: str) -> list[tuple[str, str, int]]:
    """Each look with its words and how much ground has it; "nothing to measure by" only where there is any."""
    words: dict[int | None, str] = {0: _("Inget än"), **{step: _percents(step) for step in (1, 2, 3, 4)}}
    words |= {5: _("%(share)s eller mer", share=i18n.percent(1)), None: _("Inget att mäta mot")}
    if measure == "visited":
        words = {
            0: _("Ingen har varit där"),
            1: _("Längre sedan"),
            2: _("Senaste fyra veckorna"),
            4: _("Senaste två veckorna"),
            5: _("Senaste veckan"),
        }
    counts = {step: sum(ground.step(measure) == step for ground in grounds) for step in words}
    return [(look(step), text, counts[step]) for step, text in words.items() if step is not None or counts[step]]


def stated(ground: Ground, measure: str) -> str:
    """The ground's value by the measure: 72 % av målet, 3 dagar sedan."""
    if measure == "visited":
        return since(ground)
    share = i18n.percent(None if ground.percentage is None else ground.percentage / 100)
    if ground.basis == "target":
        return _("%(share)s av målet", share=share)
    return _("%(share)s av hushållen", share=share) if ground.basis else _("inget att mäta mot")


def since(ground: Ground) -> str:
    """When somebody was there last."""
    days = ground.days_since
    if days is None:
        return _("ingen har varit där")
    if days < 2:
        return _("igår") if days else _("idag")
    return i18n.ngettext("%(num)s dag sedan", "%(num)s dagar sedan", days)


def briefly(ground: Ground, measure: str) -> str:
    """The ground's value by the measure, short enough to be written on the map."""
    if measure == "attainment":
        return i18n.percent(None if ground.percentage is None else ground.percentage / 100)
    if not ground.days_since:
        return "–" if ground.days_since is None else _("idag")
    return _("%(days)s d", days=i18n.number(ground.days_since))


def _percents(step: int) -> str:
    """Between which shares of the target a step lies."""
    if step == 1:
        return _("Under %(share)s", share=i18n.percent(coverage.BELOW_PERCENT[1] / 100))
    first, last = coverage.BELOW_PERCENT[step - 1], coverage.BELOW_PERCENT[step] - 1
    return f"{first}–{i18n.percent(last / 100)}"
