"""Plan against result: the plan line, where the campaign is heading, and what it takes. Plain values in and out.

**How the forecast is made.** The pace is that of the last 14 days, or of as many more whole weeks as it takes to hold
six days with conversations. Days of the week count as they have so far, drawn together while they are few. What
remains is then as uncertain as three things make it: how unevenly conversations come (each day compared with the same
day a week later), how little the pace is known by, and that a pace does not stay what it is: `DRIFT`. The spread of
what remains is taken as a gamma distribution, which never falls below nought and has its long tail upwards.

There is no chance in it: the same days give the same interval, and one more conversation moves it by little, so that
a page that is drawn anew every second stands still.

**How good it is.** `DRIFT` was chosen so that eight out of ten simulated seasons end inside the interval
(tests/seasons.py: thirteen sorts, asked after a quarter, half and three quarters of the time).
benchmarks/test_forecasts.py prints how it does for each sort. For many teams at an even pace it is wider than it need
be, since weeks are too few to tell that the pace will stay. It fails where nothing beforehand tells: when an election's
last fifth triples the pace, more than half of the seasons end above the interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import ceil, floor, sqrt
from typing import NamedTuple

from canvass.core import clock, i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.counting.tallies import Count

WEEK = 7

# The pace is that of so many days, and of more weeks until so many of them had conversations.
PACE_DAYS, PACE_ACTIVE_DAYS = 14, 6
# Less than this is too little to go on: in a week on Tuesdays and Saturdays alone, chance has the say.
FEWEST_DAYS, FEWEST_ACTIVE_DAYS = 7, 3
# How far the pace of what remains tends to be from the pace now: a standard deviation, as a share of it.
DRIFT = 0.25
# Before the days tell how unevenly conversations come, so many days' weight is given to a guess.
GUESS_DAYS = 7
# And so many weeks' weight to every day of the week being alike.
ALIKE_WEEKS = 4
# Four fifths of a normal distribution lie within so many standard deviations.
EIGHTY_PERCENT = 1.2816

# What shifts give is measured over the last four weeks.
SHIFT_DAYS = 28
# To say that more shifts would do it helps nobody when it takes more than so many times as many.
TOO_MANY_TIMES = 3

WORD_JOINER = "\N{WORD JOINER}"

Revision = tuple[date, int]
Shift = tuple[date, int | None]  # a planned one with what is expected of it, or a past one with what it gave


class Point(NamedTuple):
    """What the result may be when a day is over."""

    day: date
    low: int
    median: int
    high: int


@dataclass(frozen=True)
class Forecast:
    """An 80 % interval for the result after each remaining day, or why there is none: before, early, over."""

    missing: str = ""
    band: list[Point] = field(default_factory=list)
    pace_days: int = 0
    is_whole: bool = False  # the pace is that of all days so far

    @property
    def end(self) -> Point | None:
        """Where the campaign ends."""
        return self.band[-1] if self.band else None


@dataclass(frozen=True)
class Pace:
    """What it takes to reach the target. Of shifts None where nobody plans or counts them."""

    remaining: int
    days: int
    per_day: int
    per_week: int
    shifts: int | None = None
    shifts_a_week: float | None = None
    per_shift: int | None = None
    given_per_shift: float | None = None

    @property
    def weeks(self) -> float:
        """Weeks left, today among them."""
        return self.days / WEEK


@dataclass(frozen=True)
class BurnUp:
    """All that a burn-up shows, day by day from `first`: cumulative, each as it is when the day is over."""

    first: date
    last: date
    today: date
    so_far: int
    result: list[int]  # to today, or to the last day with conversations when the campaign is over
    plan: list[float]  # to `last`; empty without a target
    targets: list[Revision]  # from when each holds; empty without a target
    forecast: Forecast
    pace: Pace | None

    @property
    def target(self) -> int | None:
        """The number agreed now."""
        return self.targets[-1][1] if self.targets else None

    @property
    def end(self) -> date:
        """The last day there is anything to show for: a campaign may go on after its last day."""
        return max(self.last, self.first + timedelta(len(self.result) - 1))


def values(
    days: Mapping[str, Count],
    *,
    first: date,
    last: date,
    today: date,
    revisions: Iterable[Revision],
    rhythm: str = "even",
    planned: Iterable[Shift] = (),
    shifts: Iterable[Shift] = (),
) -> BurnUp:
    """Plan, result and forecast of a campaign from its counters by day (2026-05-01 → Count), as `tallies.by` gives.

    `revisions` are the targets in the order in which they were set; `planned` every shift in the calendar, those that
    have been too, with what is expected of each (None when nobody said); `shifts` those that have been, with what they
    gave. Of a campaign that was closed before its time, `last` is the day of the close.
    """
    # A phone whose clock is fast may be a day ahead; what it sends is a result all the same.
    talked = sorted((min(date.fromisoformat(day), today), count.conversations) for day, count in days.items())
    planned, shifts = list(planned), list(shifts)
    so_far = sum(number for _day, number in talked)
    steps = target_steps(first, last, revisions)
    counts = _per_day(talked, first, today, last)
    return BurnUp(
        first=first,
        last=last,
        today=today,
        so_far=so_far,
        result=list(accumulate(counts)),
        plan=plan_line(first, last, steps, rhythm, planned),
        targets=steps,
        forecast=forecast(talked, first, last, today),
        pace=required_pace(steps[-1][1] - so_far, max(first, today), last, planned, shifts) if steps else None,
    )


def _per_day(talked: list[tuple[date, int]], first: date, today: date, last: date) -> list[int]:
    """Conversations on each day from `first`, what came before it on that day; none for a campaign not yet begun."""
    if today < first:
        return []
    latest = max((day for day, number in talked if number), default=first)
    counts = [0] * ((today if today <= last else max(last, latest)) - first + timedelta(1)).days
    for day, number in talked:
        counts[max(0, (day - first).days)] += number
    return counts


# --- the plan -----------------------------------------------------------------------------------------------


def target_steps(first: date, last: date, revisions: Iterable[Revision]) -> list[Revision]:
    """From which day of the campaign each target holds; empty when there is none now.

    What was set first holds from the first day, whenever that was, and of those set on one day the last.
    """
    by_day: dict[date, int] = {}
    for day, number in sorted(revisions, key=lambda revision: revision[0]):
        by_day[min(max(day, first), last) if by_day else first] = number
    if not by_day or not [*by_day.values()][-1]:
        return []
    steps: list[Revision] = []
    for day, number in by_day.items():
        if number and (not steps or number != steps[-1][1]):
            steps.append((day if steps else first, number))
    return steps


def plan_line(
    first: date, last: date, revisions: Iterable[Revision], rhythm: str = "even", planned: Iterable[Shift] = ()
) -> list[float]:
    """The planned result after each day from `first` to `last`; empty without a target.

    By shifts where there are any: from the Monday of the first one's week to the Sunday of the last one's, what the
    rhythm gives that time is spread over the shifts alone. Before and after, where none are made, it goes by the
    rhythm: shifts made for the next fortnight must not look as if all were to be done in it.

    A revision lets the plan stand as it was up to that day, and goes from there to the new number. Only a target
    lowered to beneath where the plan stood makes the line fall.
    """
    steps = target_steps(first, last, revisions)
    weights = _weights(first, last, rhythm, planned)
    plan: list[float] = []
    for number, (_day, target) in enumerate(steps):
        until = (steps[number + 1][0] - first).days if number + 1 < len(steps) else len(weights)
        begun = min(plan[-1], target) if plan else 0.0
        left = weights[len(plan) :] if any(weights[len(plan) :]) else [1.0] * (len(weights) - len(plan))
        whole = list(accumulate(left))
        for done in whole[: until - len(plan)]:
            plan.append(target - (target - begun) * (1 - done / whole[-1]))
    return plan


def _weights(first: date, last: date, rhythm: str, planned: Iterable[Shift]) -> list[float]:
    """How much of the plan falls on each day, in any unit."""
    days = list(clock.days_between(first, last))
    weights = [_by_rhythm(rhythm, day, number / max(1, len(days) - 1)) for number, day in enumerate(days)]
    made = [(day, expected) for day, expected in planned if first <= day <= last]
    if not made:
        return weights
    begins, ends = min(day for day, _expected in made), max(day for day, _expected in made)
    start = max(0, (begins - first).days - begins.weekday())
    stop = min(len(days), (ends - first).days + WEEK - ends.weekday())
    said = [expected for _day, expected in made if expected]
    usual = sum(said) / len(said) if said else 1.0
    share = sum(weights[start:stop]) or sum(weights) / len(weights) * (stop - start) or 1.0
    total = sum(expected or usual for _day, expected in made)
    weights[start:stop] = [0.0] * (stop - start)
    for day, expected in made:
        weights[(day - first).days] += share * (expected or usual) / total
    return weights


def _by_rhythm(rhythm: str, day: date, share: float) -> float:
    if rhythm == "weekdays":
        return float(day.weekday() < 5)
    if rhythm == "weekends":
        return float(day.weekday() >= 5)
    return 1 + share if rhythm == "rising" else 1.0  # towards an election: twice the pace at the end


# --- the forecast -------------------------------------------------------------------------------------------


def forecast(talked: Iterable[tuple[date, int]], first: date, last: date, today: date) -> Forecast:
    """Where the result will be after each day from `today` to `last`: eight times out of ten between low and high.

    `talked` holds conversations by day, quiet days or not; of today those so far. The method is described above.
    """
    counted = list(talked)
    if today > last:
        return Forecast(missing="over")
    if today < first:
        return Forecast(missing="before")
    history = [0] * (today - first).days
    for day, number in counted:
        if first <= day < today:
            history[(day - first).days] += number
    if len(history) < FEWEST_DAYS or sum(map(bool, history)) < FEWEST_ACTIVE_DAYS:
        return Forecast(missing="early")

    so_far = sum(number for _day, number in counted)
    done_today = sum(number for day, number in counted if day >= today)
    profile = _profile(history, first)
    pace_days = _pace_days(history)
    usual = sum(
        profile[day.weekday()] for day in clock.days_between(today - timedelta(pace_days), today - timedelta(1))
    )
    known_by = sum(history[-pace_days:])
    pace = known_by / usual
    unevenness = _unevenness(history)

    band: list[Point] = []
    ahead = 0.0
    for day in clock.days_between(today, last):
        expected = pace * profile[day.weekday()]
        ahead += max(0.0, expected - done_today) if day == today else expected
        variance = unevenness * ahead + ahead**2 * (unevenness / known_by + DRIFT**2)
        low, median, high = (_gamma(ahead, variance, z) for z in (-EIGHTY_PERCENT, 0, EIGHTY_PERCENT))
        band.append(Point(day, so_far + floor(low), so_far + round(median), so_far + ceil(high)))
    return Forecast(band=band, pace_days=pace_days, is_whole=pace_days == len(history))


def _pace_days(history: Sequence[int]) -> int:
    """How many days back the pace is measured: whole weeks, through a holiday to the days before it if need be."""
    days = PACE_DAYS
    while days < len(history) and sum(map(bool, history[-days:])) < PACE_ACTIVE_DAYS:
        days += WEEK
    return min(days, len(history))


def _profile(history: Sequence[int], first: date) -> list[float]:
    """How much of an ordinary day each day of the week is, Monday first; together seven."""
    mean = sum(history) / len(history)
    shares = []
    for weekday in range(WEEK):
        those = history[(weekday - first.weekday()) % WEEK :: WEEK]
        shares.append((sum(those) / mean + ALIKE_WEEKS) / (len(those) + ALIKE_WEEKS))
    return [share * WEEK / sum(shares) for share in shares]


def _unevenness(history: Sequence[int]) -> float:
    """The variance of a day's conversations for each that is expected: 1 by chance alone, more as they come in shifts.

    From each day and the same day a week later, which a slow change of pace and the days of the week hardly touch.
    """
    # The first guess: that of outings now and then, each bringing what the average conversation's outing brought.
    guess = sum(number**2 for number in history) / sum(history)
    pairs = list(zip(history, history[WEEK:], strict=False))
    both = sum(before + after for before, after in pairs)
    seen = sum((before - after) ** 2 for before, after in pairs) / both if both else guess
    return max(1.0, (GUESS_DAYS * guess + len(pairs) * seen) / (GUESS_DAYS + len(pairs)))


def _gamma(mean: float, variance: float, z: float) -> float:
    """The point of a gamma distribution that lies `z` standard deviations out on a normal one (Wilson and Hilferty)."""
    if not mean:
        return 0.0
    a_ninth = variance / mean**2 / 9
    return mean * max(0.0, 1 - a_ninth + z * sqrt(a_ninth)) ** 3


# --- what it takes ------------------------------------------------------------------------------------------


def required_pace(
    remaining: int, today: date, last: date, planned: Iterable[Shift] = (), shifts: Iterable[Shift] = ()
) -> Pace | None:
    """What it takes from `today`, which counts, to have `remaining` more on the `last` day; None when that is past.

    Shifts left are those planned, or as many as the last four weeks' habit makes if that is more: few plan further
    ahead than a fortnight.
    """
    days, remaining = (last - today).days + 1, max(0, remaining)
    if days <= 0:
        return None
    recent = [(day, given) for day, given in shifts if today - timedelta(SHIFT_DAYS) <= day <= today]
    gave = [given for _day, given in recent if given is not None]
    measured = min(SHIFT_DAYS, max(WEEK, (today - min((day for day, _given in recent), default=today)).days))
    coming = sum(1 for day, _expected in planned if today <= day <= last)
    left = max(coming, round(len(recent) / measured * days))
    per_day = ceil(remaining / days)
    per_week = ceil(remaining * WEEK / days)
    if not left:
        return Pace(remaining, days, per_day, per_week)
    return Pace(
        remaining,
        days,
        per_day,
        per_week,
        shifts=left,
        shifts_a_week=left * WEEK / days,
        per_shift=ceil(remaining / left),
        given_per_shift=sum(gave) / len(gave) if gave else None,
    )


# --- in words -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sentences:
    """The burn-up in words. `standing` is one of: none, before, early, ahead, uncertain, behind, reached, over."""

    standing: str
    forecast: str
    verdict: str = ""
    plan: str = ""
    need: str = ""
    method: str = ""

    @property
    def all(self) -> list[str]:
        """What there is to say, in order, without how it is known."""
        first = (self.verdict, self.forecast) if self.standing == "reached" else (self.forecast, self.verdict)
        return [sentence for sentence in (*first, self.plan, self.need) if sentence]


def sentences(burn_up: BurnUp) -> Sentences:
    """Where the campaign is heading, against its plan and target, and what it takes."""
    standing = standing_of(burn_up)
    if standing == "over":
        return Sentences(standing, _said_at_the_end(burn_up))
    is_going = standing not in ("reached", "before")
    return Sentences(
        standing,
        _said_of_forecast(burn_up),
        _verdict(standing),
        _said_of_plan(burn_up) if is_going else "",
        _said_of_need(burn_up.pace) if burn_up.pace and standing != "reached" else "",
        method() if burn_up.forecast.end else "",
    )


def standing_of(burn_up: BurnUp) -> str:
    """How it stands, in one of the words that `Sentences` lists."""
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


def standing_name(standing: str) -> str:
    """The standing in a word or two; empty where there is nothing to judge."""
    return {
        "ahead": _("På väg mot målet"),
        "uncertain": _("Osäkert"),
        "behind": _("Troligen under målet"),
        "reached": _("Målet är nått"),
    }.get(standing, "")


def interval(burn_up: BurnUp) -> str:
    """The forecast in rounded numbers, such as 4 100–4 600; empty when there is none."""
    end = burn_up.forecast.end
    if end is None:
        return ""
    return spanned(*rounded(end.low, end.high, burn_up.so_far))


def spanned(low: int, high: int) -> str:
    """From one number to the other, on one line."""
    return i18n.number(low) if low == high else f"{i18n.number(low)}–{WORD_JOINER}{i18n.number(high)}"


def rounded(low: int, high: int, least: int = 0) -> tuple[int, int]:
    """The interval widened to numbers as round as its width is uncertain, but never to beneath `least`."""
    step = _step((high - low) / 4)
    return max(least, low // step * step), ceil(high / step) * step


def method() -> str:
    """How the forecast is made, for whoever wonders."""
    return _(
        "Prognosen bygger på takten och på hur ojämnt samtalen har kommit. "
        "Åtta av tio gånger ska resultatet hamna inom spannet."
    )


def _step(most: float) -> int:
    """The largest of 1, 2, 5, 10, 20, 50 … that is not above `most`; at least 1."""
    step = 1
    while step * 10 <= most:
        step *= 10
    return step * (5 if step * 5 <= most else 2 if step * 2 <= most else 1)


def _two_figures(number: int) -> int:
    """Rounded up so that only two figures are other than nought: what is needed must still be enough."""
    step = 10 ** max(0, len(str(number)) - 2)
    return ceil(number / step) * step


def _said_of_forecast(burn_up: BurnUp) -> str:
    missing, found = burn_up.forecast.missing, interval(burn_up)
    # "Av 500" says how far there is left to go, and nothing once one is past it.
    target = None if standing_of(burn_up) == "reached" else burn_up.target
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


def _verdict(standing: str) -> str:
    return {
        "reached": _("Målet är nått!"),
        "ahead": _("Ni är på väg att nå målet."),
        "uncertain": _("Målet är inom räckhåll, men inte säkert."),
        "behind": _("I den takten når ni troligen inte målet."),
    }.get(standing, "")


def _said_of_plan(burn_up: BurnUp) -> str:
    """Against yesterday's plan when behind and today's when ahead: the morning of a great day is not a failure."""
    number = (burn_up.today - burn_up.first).days
    if not burn_up.plan or not 0 <= number < len(burn_up.plan):
        return ""
    until_yesterday = floor(burn_up.plan[number - 1]) if number else 0
    ahead, behind = burn_up.so_far - ceil(burn_up.plan[number]), until_yesterday - burn_up.so_far
    if ahead > 0:
        return ngettext("Ni ligger %(num)s samtal före planen.", "Ni ligger %(num)s samtal före planen.", ahead)
    if behind > 0:
        return ngettext("Ni ligger %(num)s samtal efter planen.", "Ni ligger %(num)s samtal efter planen.", behind)
    return _("Ni följer planen.")


def _said_of_need(pace: Pace) -> str:
    if pace.shifts and pace.per_shift:
        return _said_of_shifts(pace, pace.shifts, _two_figures(pace.per_shift))
    if pace.days == 1:
        return ngettext("Ni behöver %(num)s samtal till idag.", "Ni behöver %(num)s samtal till idag.", pace.remaining)
    if pace.weeks < 2:
        number = _two_figures(pace.per_day)
        return ngettext("Ni behöver %(num)s samtal om dagen.", "Ni behöver %(num)s samtal om dagen.", number)
    number = _two_figures(pace.per_week)
    return ngettext("Ni behöver %(num)s samtal i veckan.", "Ni behöver %(num)s samtal i veckan.", number)


def _said_of_shifts(pace: Pace, left: int, number: int) -> str:
    """So many conversations in each shift, or more shifts at what they give now: a leader can choose."""
    said = ngettext("Ni behöver %(num)s samtal per pass", "Ni behöver %(num)s samtal per pass", number)
    a_week = pace.shifts_a_week or 0
    if pace.weeks < 2 or a_week < 0.5:
        said += " " + ngettext("och har ett pass kvar", "och har %(shifts)s pass kvar", left, shifts=_in_words(left))
    elif abs(a_week - round(a_week)) < 0.15:
        said += ", " + _shifts_a_week(round(a_week))
    else:
        said += ", " + _("ungefär %(often)s", often=_shifts_a_week(round(a_week)))
    given = round(pace.given_per_shift or 0)
    if not number / TOO_MANY_TIMES <= given < number:
        return f"{said}."
    needed = ceil(pace.remaining / given)
    instead = ngettext(
        "Med %(num)s samtal per pass, som nu, behövs %(shifts)s.",
        "Med %(num)s samtal per pass, som nu, behövs %(shifts)s.",
        given,
        shifts=ngettext("ett pass", "%(shifts)s pass", needed, shifts=_in_words(needed))
        if pace.weeks < 2
        else _shifts_a_week(ceil(needed / pace.weeks)),
    )
    return f"{said}. {instead}"


def _shifts_a_week(number: int) -> str:
    return ngettext("ett pass i veckan", "%(shifts)s pass i veckan", number, shifts=_in_words(number))


def _in_words(number: int) -> str:
    """Small numbers as people say them."""
    words = (
        _("ett"), _("två"), _("tre"), _("fyra"), _("fem"), _("sex"),
        _("sju"), _("åtta"), _("nio"), _("tio"), _("elva"), _("tolv"),
    )  # fmt: skip
    return words[number - 1] if 1 <= number <= len(words) else i18n.number(number)
