"""The demo's campaigns: an earlier one, the present one and a coming one; and the totals of earlier years."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

from canvass.board.earlier_years import imports
from canvass.core import clock
from canvass.core.db import new_id
from canvass.counting import late_reports
from canvass.demo import attempts, facts, outings
from canvass.demo import shifts as demo_shifts
from canvass.demo.teams import Team
from canvass.fieldwork import campaigns, drafts, targets, topics
from canvass.fieldwork.campaigns import Campaign
from canvass.members.organisations import Organisation
from canvass.members.people import Person


def _create(owner: Organisation, *, topic_names: Iterable[str], target: int, by: Person, **what: Any) -> Campaign:
    return drafts.create(owner, campaigns.Facts(**what), topic_names=topic_names, target=target, by=by)


def earlier_years(norrkoping: Organisation, leader: Person) -> None:
    year = str(clock.today().year - 1)
    rows = [
        {"organisation": name, "year": year, "conversations": str(reached), "target": str(target)}
        for (name, _share, _volunteers), (reached, target) in zip(facts.ASSOCIATIONS, facts.LAST_YEAR, strict=True)
    ]
    reached, target = facts.YEAR_BEFORE
    before = {"year": str(int(year) - 1), "conversations": str(reached), "target": str(target)}
    rows.append({"code": norrkoping.code, **before})
    numbered = [{"line": line, **row} for line, row in enumerate(rows, 2)]
    imports.confirm(imports.keep(norrkoping, numbered, by=leader), skips_faulty=False, by=leader)


def earlier_campaign(norrkoping: Organisation, teams: list[Team], leader: Person, random: Random) -> Campaign:
    starts_on = clock.today() - timedelta(weeks=30)
    ends_on = starts_on + timedelta(weeks=5)
    with clock.stopped(clock.now() - timedelta(weeks=31)):
        campaign = _create(
            norrkoping,
            name="Trygghetssamtalen",
            kind="listen",
            starts_on=starts_on,
            ends_on=ends_on,
            channels=["door", "phone", "stall"],
            topic_names=facts.TOPICS,
            target=facts.EARLIER_TARGET,
            script=facts.SCRIPT,
            by=leader,
        )
        campaigns.open_(campaign, by=leader)
    earlier = list(outings.until(campaign, teams, ends_on, random))
    attempts.log(campaign, earlier, facts.EARLIER_CONVERSATIONS, random)
    with clock.stopped(clock.now() - timedelta(weeks=25)):
        campaigns.close(campaign, by=leader)
    return campaign


def present_campaign(norrkoping: Organisation, teams: list[Team], leader: Person, random: Random) -> Campaign:
    """Add the open campaign: six weeks old, with a target that was raised three weeks ago."""
    starts_on = clock.today() - timedelta(weeks=6)
    with clock.stopped(clock.now() - timedelta(weeks=7)):
        campaign = _create(
            norrkoping,
            name="Samtal för Norrköping",
            kind="listen",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(weeks=9),
            channels=list(campaigns.CHANNELS),
            topic_names=facts.TOPICS,
            target=4000,
            script=facts.SCRIPT,
            by=leader,
        )
        campaigns.open_(campaign, by=leader)
    with clock.stopped(clock.now() - timedelta(weeks=3)):
        targets.agree(campaign, norrkoping, facts.TARGET, by=leader)
        for team in teams:
            targets.agree(campaign, team.organisation, team.target, by=leader)
    so_far = [*outings.until(campaign, teams, clock.today(), random), outings.now(teams[0])]
    conversations = facts.CONVERSATIONS - _on_paper(campaign, teams, leader)
    attempts.log(campaign, so_far, conversations, random, shifts_from=clock.today() - facts.SHIFTS_SINCE)
    demo_shifts.plan(campaign, teams, leader)
    return campaign


def _on_paper(campaign: Campaign, teams: list[Team], leader: Person) -> int:
    """Enter the evenings reported on paper, and return how many conversations those were."""
    ids = {topic.name: topic.id for topic in topics.offered(campaign)}
    for days_ago, (number, channel, code, outcomes, raised) in enumerate(facts.ON_PAPER, 2):
        team = teams[number]
        area = next(area for area in team.ground if area.code == code)
        totals = late_reports.Totals(
            clock.today() - timedelta(days=days_ago),
            late_reports.USUAL_HOUR,
            channel,
            area.id,
            outcomes,
            {ids[name]: times for name, times in raised.items()},
        )
        with clock.stopped(clock.now() - timedelta(days=1)):
            late_reports.enter(new_id(), campaign, team.organisation, totals, by=leader)
    return sum(outcomes[campaigns.TALKED] for _team, _channel, _code, outcomes, _raised in facts.ON_PAPER)


def coming_campaign(norrkoping: Organisation, leader: Person) -> None:
    starts_on = clock.today() + timedelta(weeks=5)
    _create(
        norrkoping,
        name="Arbetsplatsveckan",
        kind="mobilise",
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=6),
        channels=["workplace", "phone"],
        topic_names=["Arbetstider", "Löner", "Arbetsmiljö"],
        target=600,
        by=leader,
    )
