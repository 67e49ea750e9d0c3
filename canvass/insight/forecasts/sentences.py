"""A burn-up in words: where the campaign is heading, how it is doing against its plan, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from canvass.core import i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.insight.forecasts import rounding
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.insight.forecasts.paces import Pace

# What a team can walk: so many conversations in a shift, or so many times what its shifts have given, and so many
# shifts in a week, or twice as many as there are; the larger of the two.
MOST_PER_SHIFT, MOST_TIMES = 60, 3
MOST_A_WEEK = 7


@dataclass(frozen=True)
class Sentences:
    """What there is to say. `outlook` is one of none, before, early, ahead, uncertain, behind, reached, over."""

    outlook: str
    forecast: str
    verdict: str = ""
    plan: str = ""
    need: str = ""
    method: str = ""

    @property
    def all(self) -> list[str]:
        """The sentences in the order to read them, without `method`."""
        first = (self.verdict, self.forecast) if self.outlook == "reached" else (self.forecast, self.verdict)
        return [sentence for sentence in (*first, self.plan, self.need) if sentence]


def sentences(burn_up: BurnUp) -> Sentences:
    """The burn-up in words, in the language of the moment."""
    outlook = _outlook(burn_up)
    if outlook == "over":
        return Sentences(outlook, _said_at_the_end(burn_up))
    is_going = outlook not in ("reached", "before")
    return Sentences(
        outlook,
        _said_of_forecast(burn_up),
        _verdict(outlook),
        of_plan(burn_up.ahead) if is_going else "",
        _said_of_need(burn_up.pace) if burn_up.pace and outlook != "reached" else "",
        _method() if burn_up.forecast.end else "",
    )


def _outlook(burn_up: BurnUp) -> str:
    """The campaign's prospects in one of the words that `Sentences` lists; none: without a target."""
    target, end = burn_up.target, burn_up.forecast.end
    if burn_up.forecast.missing == "over":
        return "over"
    if target and burn_up.so_far >= target:
        return "reached"
    if end is None:
        return burn_up.forecast.missing
    if not target:
        return "none"
    if end.low >= target:
        return "ahead"
    return "behind" if end.high < target else "uncertain"


def _method() -> str:
    """How the forecast is made."""
    return _(
        "Prognosen bygger på takten och på hur ojämnt samtalen har kommit. "
        "Åtta av tio gånger ska resultatet hamna inom spannet."
    )


# --- the forecast -------------------------------------------------------------------------------------------


def _said_of_forecast(burn_up: BurnUp) -> str:
    missing, found = burn_up.forecast.missing, rounding.interval(burn_up)
    # "Av 500" tells how far there is left to go; when the target has been reached it tells nothing.
    target = None if _outlook(burn_up) == "reached" else burn_up.target
    if missing == "before":
        return _("Kampanjen börjar %(day)s.", day=i18n.day(burn_up.first, "d MMMM"))
    if missing == "early":
        return _(
            "Det är för tidigt för en prognos. Den kommer när en vecka har gått och ni har samtalat minst tre dagar."
        )
    if burn_up.forecast.is_whole:
        if target:
            return _("Med takten hittills: %(interval)s av %(target)s.", interval=found, target=i18n.number(target))
        return _("Med takten hittills: %(interval)s samtal.", interval=found)
    days = i18n.number(burn_up.forecast.pace_days)
    if target:
        return _(
            "Med takten de senaste %(days)s dagarna: %(interval)s av %(target)s.",
            days=days,
            interval=found,
            target=i18n.number(target),
        )
    return _("Med takten de senaste %(days)s dagarna: %(interval)s samtal.", days=days, interval=found)


def _said_at_the_end(burn_up: BurnUp) -> str:
    target = burn_up.target
    if not target:
        return ngettext(
            "Kampanjens tid är ute: %(num)s samtal.", "Kampanjens tid är ute: %(num)s samtal.", burn_up.so_far
        )
    if burn_up.so_far >= target:
        return _(
            "Målet är nått: kampanjens tid är ute, och det blev %(count)s av %(target)s.",
            count=i18n.number(burn_up.so_far),
            target=i18n.number(target),
        )
    return _(
        "Kampanjens tid är ute: %(count)s av %(target)s.",
        count=i18n.number(burn_up.so_far),
        target=i18n.number(target),
    )


def _verdict(outlook: str) -> str:
    return {
        "reached": _("Målet är nått!"),
        "ahead": _("Ni är på väg att nå målet."),
        "uncertain": _("Målet är inom räckhåll, men inte säkert."),
        "behind": _("I den takten når ni troligen inte målet."),
    }.get(outlook, "")


# --- the plan and what it takes -----------------------------------------------------------------------------


def of_plan(ahead: int | None) -> str:
    """How a result stands against its plan line; `ahead` is what plan_lines.ahead gives, and '' for its None."""
    if ahead is None:
        return ""
    if ahead > 0:
        return ngettext("Ni ligger %(num)s samtal före planen.", "Ni ligger %(num)s samtal före planen.", ahead)
    if ahead < 0:
        return ngettext("Ni ligger %(num)s samtal efter planen.", "Ni ligger %(num)s samtal efter planen.", -ahead)
    return _("Ni följer planen.")


def _said_of_need(pace: Pace) -> str:
    if not pace.shifts or not pace.per_shift:
        return _said_of_time(pace)
    number, given = rounding.rounded_up(pace.per_shift), round(pace.given_per_shift or 0)
    a_week, planned_a_week = pace.shifts_a_week or 0, pace.planned / pace.weeks
    if number > max(MOST_PER_SHIFT, MOST_TIMES * given):
        return f"{_said_of_time(pace)} {_said_of_more(pace, given or MOST_PER_SHIFT, is_given=bool(given))}"
    if a_week > max(MOST_A_WEEK, 2 * planned_a_week):
        return _said_of_time(pace)  # nobody has planned as many shifts as have been held lately
    said = _said_of_shifts(pace, pace.shifts, number)
    if not number / MOST_TIMES <= given < number:
        return f"{said}."
    if not _can_be_walked(pace, given):
        return f"{_said_of_time(pace)} {_said_of_more(pace, given, is_given=True)}"
    needed = ceil(pace.remaining / given)
    shifts = _shifts(needed) if pace.weeks < 2 else _shifts_a_week(ceil(needed / pace.weeks))
    return f"{said}. {_as_now(given, shifts)}."


def _said_of_time(pace: Pace) -> str:
    """What it takes in a week, or in each day when there are few left."""
    if pace.days == 1:
        return ngettext("Ni behöver %(num)s samtal till idag.", "Ni behöver %(num)s samtal till idag.", pace.remaining)
    if pace.weeks < 2:
        number = rounding.rounded_up(pace.per_day)
        return ngettext("Ni behöver %(num)s samtal om dagen.", "Ni behöver %(num)s samtal om dagen.", number)
    number = rounding.rounded_up(pace.per_week)
    return ngettext("Ni behöver %(num)s samtal i veckan.", "Ni behöver %(num)s samtal i veckan.", number)


def _can_be_walked(pace: Pace, given: int) -> bool:
    """Would the shifts needed be few enough for a week, if each gave so many conversations?"""
    needed_a_week = ceil(pace.remaining / given) / max(1, pace.weeks)
    return needed_a_week <= max(MOST_A_WEEK, 2 * (pace.shifts_a_week or 0))


def _said_of_more(pace: Pace, given: int, *, is_given: bool) -> str:
    """How many shifts it takes and how many are planned, or that no team could walk so many."""
    if not _can_be_walked(pace, given):
        return _("Det räcker passen inte till. Bli fler, eller se över målet.")
    shifts = _shifts(ceil(pace.remaining / given))
    said = _as_now(given, shifts) if is_given else _at_most(given, shifts)
    return said + ngettext(
        ", och ett är planerat.", ", och %(shifts)s är planerade.", pace.planned, shifts=_in_words(pace.planned)
    )


def _as_now(given: int, shifts: str) -> str:
    return ngettext(
        "Med %(num)s samtal per pass, som nu, behövs %(shifts)s",
        "Med %(num)s samtal per pass, som nu, behövs %(shifts)s",
        given,
        shifts=shifts,
    )


def _at_most(number: int, shifts: str) -> str:
    return _("Med högst %(count)s samtal per pass behövs %(shifts)s", count=i18n.number(number), shifts=shifts)


def _said_of_shifts(pace: Pace, left: int, number: int) -> str:
    """`number` conversations in each of the shifts left."""
    said = ngettext("Ni behöver %(num)s samtal per pass", "Ni behöver %(num)s samtal per pass", number)
    a_week = pace.shifts_a_week or 0
    if pace.weeks < 2 or a_week < 0.5:
        return (
            said + " " + ngettext("och har ett pass kvar", "och har %(shifts)s pass kvar", left, shifts=_in_words(left))
        )
    if abs(a_week - round(a_week)) < 0.15:
        return said + ", " + _shifts_a_week(round(a_week))
    return said + ", " + _("ungefär %(often)s", often=_shifts_a_week(round(a_week)))


def _shifts(number: int) -> str:
    return ngettext("ett pass", "%(shifts)s pass", number, shifts=_in_words(number))


def _shifts_a_week(number: int) -> str:
    return ngettext("ett pass i veckan", "%(shifts)s pass i veckan", number, shifts=_in_words(number))


def _in_words(number: int) -> str:
    """None to twelve in words, larger numbers in figures."""
    words = (
        _("inget"),
        _("ett"), _("två"), _("tre"), _("fyra"), _("fem"), _("sex"),
        _("sju"), _("åtta"), _("nio"), _("tio"), _("elva"), _("tolv"),
    )  # fmt: skip
    return words[number] if number < len(words) else i18n.number(number)
