"""The demo's outings: which team was out when, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from canvass.core import clock
from canvass.demo import facts
from canvass.demo.teams import Team
from canvass.fieldwork.campaigns import Campaign


@dataclass(frozen=True)
class Outing:
    """A few hours on one day in which a team used one channel."""

    team: Team
    day: date
    hours: list[datetime]
    channel: str
    weight: float


def until(campaign: Campaign, teams: list[Team], last: date, random: Random) -> Iterator[Outing]:
    """Yield the outings up to the day `last`, with weights that grow as the campaign goes on; no future hours."""
    days = list(clock.days_between(campaign.starts_on, last))
    for week, day in enumerate(days):
        for team in teams:
            for channel, weekdays, hours, chance, weight in facts.HABITS:
                is_out = random.random() < chance
                effort = random.uniform(0.6, 1.4) * (0.7 + 0.5 * week / len(days))
                began = [clock.at(day, time(hour)) for hour in hours]
                been = [hour for hour in began if hour <= clock.now()]
                if is_out and been and day.weekday() in weekdays and channel in campaign.channels:
                    yield Outing(team, day, been, channel, weight * effort * team.target * len(been) / len(began))


def now(team: Team) -> Outing:
    """Return an outing at doors during this hour and the one before, as far as both are today."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=1), hour]
    been = [one for one in hours if clock.local_day(one) == clock.today()]
    return Outing(team, clock.today(), been, "door", 30.0 * team.target)
