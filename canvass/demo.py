"""An invented campaign in Norrköping, to look around in before using the product in earnest. Nobody in it exists."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert

from canvass.board import earlier_years
from canvass.core import clock, geometry
from canvass.core.db import in_batches, new_id, session
from canvass.counting import late_reports, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.receipts import Installation
from canvass.fieldwork import areas, campaigns, shifts, trainings
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.insight import walls
from canvass.insight.walls import Wall
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# Those one can sign in as, in the order of the links.
CAST = {"volunteer": "Maja", "leader": "Yusuf", "board": "Birgitta", "admin": "Sanna"}

CONVERSATIONS, TARGET = 3412, 5000
EARLIER_CONVERSATIONS, EARLIER_TARGET = 1264, 1200

# Each association with its share of the target and its volunteers.
ASSOCIATIONS = [
    ("Hageby-Navestads s-förening", 1100, "Amina Lennart Sofia Dragan Ulla Karim"),
    ("Ektorps s-förening", 950, "Kerstin Ali Johanna Stig Mirela"),
    ("Innerstadens s-förening", 1100, "Elin Hassan Margareta Viktor Noor Åke Saga"),
    ("Haga-Marielunds s-förening", 900, "Gunnar Fatima Ida Bengt Lejla"),
    ("Lindö s-förening", 450, "Anders Petra Örjan"),
    ("Smedby s-förening", 500, "Camilla Idris Rolf"),
]

# The first digit of an area's code is its association's place above.
AREAS = [
    ("101", "Hageby", "flats", 2950),
    ("102", "Navestad", "flats", 1640),
    ("103", "Ljura", "flats", 1380),
    ("201", "Ektorp", "mixed", 1720),
    ("202", "Vilbergen", "flats", 1850),
    ("203", "Klockaretorpet", "mixed", 1560),
    ("301", "Nordantill", "flats", 3210),
    ("302", "Östantill", "flats", 3480),
    ("303", "Kneippen", "villa", 1090),
    ("401", "Haga", "villa", 980),
    ("402", "Marielund", "flats", 1430),
    ("403", "Oxelbergen", "terraced", 1120),
    ("501", "Lindö", "villa", 1870),
    ("601", "Smedby", "terraced", 1310),
]

# Corners in ten-thousandths of a degree east of 16° and north of 58°. Roughly where the places are, drawn for this.
OUTLINES = {
    "101": "1971,5567 2164,5655 2191,5666 2086,5748 2043,5740 1900,5700 1890,5698 1892,5618 1899,5588",
    "102": "1971,5567 1976,5543 2068,5517 2244,5504 2304,5526 2312,5565 2309,5575 2298,5609 2164,5655",
    "103": "2043,5740 2100,5801 2049,5823 1962,5835 1848,5809 1799,5762 1887,5699 1900,5700",
    "201": "1428,5792 1425,5712 1549,5696 1625,5714 1688,5747 1732,5787 1691,5811 1528,5829 1443,5825",
    "202": "1887,5699 1799,5762 1688,5747 1625,5714 1602,5692 1706,5624 1892,5618 1890,5698",
    "203": "1308,5803 1125,5754 1089,5711 1139,5679 1271,5646 1436,5682 1425,5712 1428,5792",
    "301": "1692,5934 1725,5920 1768,5893 1879,5904 1949,5931 1956,5999 1927,6006 1748,6056 1693,6024 1657,5957",
    "302": "2049,5823 2095,5812 2211,5853 2224,5893 2128,5989 1997,5962 1949,5931 1879,5904 1882,5864 1962,5835",
    "303": "1725,5920 1692,5934 1590,5930 1514,5921 1470,5902 1528,5829 1691,5811 1760,5849",
    "401": "1653,6043 1479,6070 1393,6016 1393,5975 1484,5917 1514,5921 1590,5930 1657,5957 1693,6024",
    "402": "1927,6006 1999,6037 2057,6096 1966,6153 1789,6147 1732,6074 1748,6056",
    "403": "1653,6043 1732,6074 1789,6147 1792,6178 1642,6194 1503,6160 1447,6084 1479,6070",
    "501": "2853,6016 2648,6101 2491,6102 2401,6064 2333,5995 2346,5925 2643,5861 2754,5875 2874,5941",
    "601": "2328,5518 2450,5502 2584,5515 2674,5566 2607,5665 2469,5718 2274,5664 2293,5636 2309,5575 2312,5565",
}

# Evenings that came in on paper: association, way, area, how many of each outcome, and the topics of the conversations.
# Counted among the conversations above.
ON_PAPER = [
    (1, "door", "202", {"talked": 23, "not_home": 71, "refused": 19, "inaccessible": 8}, {"Vården": 9, "Skolan": 6}),
    (4, "stall", "501", {"talked": 31, "refused": 22}, {"Tryggheten": 12, "Plånboken": 8, "Vården": 5}),
]

# What was reached last year, in the order of the associations, with the targets; and the year before, all together.
LAST_YEAR = [(655, 600), (520, 550), (702, 700), (488, 500), (231, 250), (278, 300)]
YEAR_BEFORE = (1905, 2000)

# When people go out: way, days of the week, hours, how often, and how much then comes of it.
HABITS = [
    ("door", (0, 2), (17, 18, 19), 0.6, 20),
    ("door", (5, 6), (11, 12, 13, 14), 0.75, 34),
    ("phone", (1, 3), (17, 18, 19), 0.65, 17),
    ("stall", (5,), (10, 11, 12, 13), 0.4, 26),
    ("stall", (4,), (15, 16, 17), 0.1, 16),
    ("digital", (2, 6), (19, 20), 0.25, 6),
    ("workplace", (1, 2, 3), (6, 7, 15), 0.12, 8),
]

# Conversations ÷ attempts: where people live decides at the door.
AT_DOORS = {"villa": 0.27, "terraced": 0.25, "mixed": 0.22, "flats": 0.18}
ELSEWHERE = {"phone": 0.19, "stall": 0.55, "digital": 0.32, "workplace": 0.6}

# How often each outcome but a conversation occurs, in the order of the channel's buttons.
OTHERWISE = {
    "door": (62, 20, 10, 8),
    "phone": (64, 17, 8, 11),
    "stall": (1,),
    "digital": (75, 25),
    "workplace": (80, 20),
}

TOPICS = {
    "Vården": 24, "Skolan": 20, "Tryggheten": 18, "Plånboken": 15, "Jobben": 12, "Äldreomsorgen": 11, "Bostäder": 7,
}  # fmt: skip

# Outings of the last weeks were shifts that somebody had planned.
SHIFTS_SINCE = timedelta(days=16)

# What is planned next: days from today, way, from and to, the association's place above, where to meet, people wanted.
COMING = [
    (1, "phone", 17, 19, 2, "Expeditionen, Drottninggatan 2", 4),
    (2, "door", 17, 20, 0, "Hageby centrum, vid apoteket", 6),
    (3, "door", 11, 14, 1, "", 4),
    (4, "stall", 10, 13, 2, "Tyska torget", 5),
    (4, "door", 11, 14, 3, "Haga skola", 8),
    (9, "door", 17, 20, 0, "Hageby centrum, vid apoteket", 6),
]

SCRIPT = """Hej! Jag heter … och kommer från Socialdemokraterna i Norrköping. Vi är ute och lyssnar i några veckor.

1. Vad är viktigast för dig just nu, här där du bor?
2. Vad borde vi göra åt det?
3. Är det något du vill skicka med oss?

Tacka för samtalet. Lova inget du inte kan hålla, och lämna gärna lappen om kommande möten."""


@dataclass
class Team:
    """An association with its volunteers and its ground."""

    organisation: Organisation
    target: int
    volunteers: list[Person] = field(default_factory=list)
    ground: list[Area] = field(default_factory=list)


@dataclass(frozen=True)
class Outing:
    """A few hours in which a team was out in one way."""

    team: Team
    day: date
    hours: list[datetime]
    channel: str
    weight: float


def fill() -> dict[str, Person]:
    """The cast by role. An empty database first gets everything around them; the caller commits.

    Raises RuntimeError for a database with other people in it: that is somebody's own.
    """
    known = {role: person for role in CAST if (person := session.get(Person, _id(role)))}
    if len(known) == len(CAST):
        return known
    if people.is_anyone():
        raise RuntimeError("Databasen används redan till annat än demon. Välj en annan mapp med --data.")
    # Always the same, so that what somebody saw yesterday can be shown to a colleague tomorrow.
    random = Random(2023)
    with clock.stopped(clock.now() - timedelta(days=400)):
        norrkoping = _tree()
        teams = _teams(norrkoping)
        cast = _cast(norrkoping, teams[0])
        _draw_areas(teams, cast["admin"])
    _earlier_years(norrkoping, cast["leader"])
    _earlier_campaign(norrkoping, teams, cast["leader"], random)
    _present_campaign(norrkoping, teams, cast["leader"], random)
    _coming_campaign(norrkoping, cast["leader"])
    return cast


def wall(leader: Person, secret: str) -> Wall | None:
    """The wallboard of the campaign that is on, made when there is none; None when the campaign has been closed."""
    campaign = next((campaign for campaign in campaigns.seen_by(leader) if campaign.state == "open"), None)
    if campaign is None:
        return None
    known = walls.beneath(campaign.id, campaign.organisation_id)
    return known[0] if known else walls.make(campaign, campaign.organisation, "Kampanjlokalen", "sv", secret, by=leader)


# --- organisations, people, ground --------------------------------------------------------------------------


def _tree() -> Organisation:
    district = organisations.add("district", "Östergötland", None)
    for name, code in [
        ("Finspångs arbetarekommun", "0562"),
        ("Linköpings arbetarekommun", "0580"),
        ("Motala arbetarekommun", "0583"),
        ("Söderköpings arbetarekommun", "0582"),
    ]:
        organisations.add("municipal", name, district, code=code)
    return organisations.add("municipal", "Norrköpings arbetarekommun", district, code="0581")


def _teams(norrkoping: Organisation) -> list[Team]:
    teams = []
    for name, target, volunteers in ASSOCIATIONS:
        team = Team(organisations.add("association", name, norrkoping), target)
        for volunteer in volunteers.split():
            team.volunteers.append(people.add(volunteer, team.organisation))
            people.grant(team.volunteers[-1], "volunteer", team.organisation)
        teams.append(team)
    return teams


def _cast(norrkoping: Organisation, team: Team) -> dict[str, Person]:
    """Known again by their ids: a name may be taken, or changed by whoever tries the demo."""
    nodes = {"volunteer": team.organisation, "leader": norrkoping, "board": norrkoping}
    nodes["admin"] = organisations.above(norrkoping.id)[-1]
    cast = {}
    for role, name in CAST.items():
        # Without a password: only the demo's own links let anybody in.
        email = None if role == "volunteer" else f"{name.lower()}@example.org"
        person = Person(id=_id(role), name=name, email=email, association=team.organisation)
        session.add(person)
        session.flush()
        people.grant(person, role, nodes[role])
        cast[role] = person
    team.volunteers.append(cast["volunteer"])
    return cast


def _id(role: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"canvass demo {role}"))


def _draw_areas(teams: list[Team], admin: Person) -> None:
    for code, name, housing, households in AREAS:
        team = teams[int(code[0]) - 1]
        area = areas.add(team.organisation, name=name, code=code, housing=housing, households=households, by=admin)
        area.outline = json.dumps(outline(code))
        team.ground.append(area)


def outline(code: str) -> geometry.Geometry:
    """The area's outline as GeoJSON."""
    corners = [corner.split(",") for corner in OUTLINES[code].split()]
    ring = [[(160000 + int(east)) / 10000, (580000 + int(north)) / 10000] for east, north in corners]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _earlier_years(norrkoping: Organisation, leader: Person) -> None:
    year = str(clock.today().year - 1)
    rows = [
        {"organisation": name, "year": year, "conversations": str(reached), "target": str(target)}
        for (name, _share, _volunteers), (reached, target) in zip(ASSOCIATIONS, LAST_YEAR, strict=True)
    ]
    reached, target = YEAR_BEFORE
    before = {"year": str(int(year) - 1), "conversations": str(reached), "target": str(target)}
    rows.append({"code": norrkoping.code, **before})
    numbered = [{"line": line, **row} for line, row in enumerate(rows, 2)]
    earlier_years.confirm(earlier_years.keep(norrkoping, numbered, by=leader), skips_faulty=False, by=leader)


# --- campaigns ----------------------------------------------------------------------------------------------


def _earlier_campaign(norrkoping: Organisation, teams: list[Team], leader: Person, random: Random) -> None:
    starts_on = clock.today() - timedelta(weeks=30)
    ends_on = starts_on + timedelta(weeks=5)
    with clock.stopped(clock.now() - timedelta(weeks=31)):
        campaign = campaigns.create(
            norrkoping,
            name="Trygghetssamtalen",
            kind="listen",
            starts_on=starts_on,
            ends_on=ends_on,
            channels=["door", "phone", "stall"],
            topics=TOPICS,
            target=EARLIER_TARGET,
            script=SCRIPT,
            by=leader,
        )
        campaigns.open_(campaign, by=leader)
    outings = list(_outings(campaign, teams, ends_on, random))
    _log(campaign, outings, EARLIER_CONVERSATIONS, random)
    with clock.stopped(clock.now() - timedelta(weeks=25)):
        campaigns.close(campaign, by=leader)


def _present_campaign(norrkoping: Organisation, teams: list[Team], leader: Person, random: Random) -> None:
    """Six weeks old, and raised since it goes well."""
    starts_on = clock.today() - timedelta(weeks=6)
    with clock.stopped(clock.now() - timedelta(weeks=7)):
        campaign = campaigns.create(
            norrkoping,
            name="Samtal för Norrköping",
            kind="listen",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(weeks=9),
            channels=list(campaigns.CHANNELS),
            topics=TOPICS,
            target=4000,
            script=SCRIPT,
            by=leader,
        )
        campaigns.open_(campaign, by=leader)
    with clock.stopped(clock.now() - timedelta(weeks=3)):
        campaigns.set_target(campaign, norrkoping, TARGET, by=leader)
        for team in teams:
            campaigns.set_target(campaign, team.organisation, team.target, by=leader)
    outings = [*_outings(campaign, teams, clock.today(), random), _now(teams[0])]
    conversations = CONVERSATIONS - _on_paper(campaign, teams, leader)
    _log(campaign, outings, conversations, random, shifts_from=clock.today() - SHIFTS_SINCE)
    _plan_shifts(campaign, teams, leader)


def _on_paper(campaign: Campaign, teams: list[Team], leader: Person) -> int:
    """Enter the evenings that came in on paper; how many conversations they were."""
    topics = {topic.name: topic.id for topic in campaigns.topics(campaign)}
    for days_ago, (number, channel, code, outcomes, raised) in enumerate(ON_PAPER, 2):
        team = teams[number]
        area = next(area for area in team.ground if area.code == code)
        totals = late_reports.Totals(
            clock.today() - timedelta(days=days_ago),
            late_reports.USUAL_HOUR,
            channel,
            area.id,
            outcomes,
            {topics[name]: times for name, times in raised.items()},
        )
        with clock.stopped(clock.now() - timedelta(days=1)):
            late_reports.enter(new_id(), campaign, team.organisation, totals, by=leader)
    return sum(outcomes[campaigns.TALKED] for _team, _channel, _code, outcomes, _raised in ON_PAPER)


def _coming_campaign(norrkoping: Organisation, leader: Person) -> None:
    starts_on = clock.today() + timedelta(weeks=5)
    campaigns.create(
        norrkoping,
        name="Arbetsplatsveckan",
        kind="mobilise",
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=6),
        channels=["workplace", "phone"],
        topics=["Arbetstider", "Löner", "Arbetsmiljö"],
        target=600,
        by=leader,
    )


# --- shifts -------------------------------------------------------------------------------------------------


def _held(campaign: Campaign, outing: Outing, made: list[dict[str, Any]]) -> Shift:
    """The shift that an outing was."""
    ground = [area for area in outing.team.ground if area.id == made[0]["area_id"]]
    shift = Shift(
        id=new_id(),
        campaign=campaign,
        organisation=outing.team.organisation,
        channel=outing.channel,
        starts_at=outing.hours[0],
        ends_at=outing.hours[-1] + timedelta(hours=1),
        leader=outing.team.volunteers[outing.day.day % 3],
        areas=ground,
    )
    session.add(shift)
    session.flush()
    if shift.state == "on":
        shift.ends_at += timedelta(hours=1)
        _send_out(shift, outing.team.volunteers)
    return shift


def _send_out(shift: Shift, volunteers: list[Person]) -> None:
    """Phones on a shift that is on, one of them in a cellar."""
    for place, volunteer in enumerate(volunteers[:4]):
        heard_at = clock.now() - timedelta(minutes=2 + 9 * place)
        session.add(
            Installation(
                id=new_id(),
                person_id=volunteer.id,
                organisation_id=volunteer.association_id,
                pending=5 if place == 3 else 0,
                heard_at=heard_at,
                shift_id=shift.id,
                shift_since=max(shift.starts_at, heard_at - timedelta(minutes=40)),
            )
        )
        shifts.sign_up(shift, volunteer)


def _plan_shifts(campaign: Campaign, teams: list[Team], leader: Person) -> None:
    for days, channel, begins, ends, place, where, wanted in COMING:
        team, day = teams[place], clock.today() + timedelta(days=days)
        shift = shifts.plan(
            campaign,
            team.organisation,
            channel=channel,
            starts_at=datetime.combine(day, time(begins), clock.ZONE),
            ends_at=datetime.combine(day, time(ends), clock.ZONE),
            area_ids=[] if channel == "phone" else [area.id for area in team.ground[:2]],
            place=where,
            leader=team.volunteers[0],
            wanted=wanted,
            expected=wanted * 8,
            points="Lyssna mer än du pratar.\nFråga vad som skulle göra skillnad just här.",
            by=leader,
        )
        for volunteer in team.volunteers[: wanted - 2]:
            shifts.sign_up(shift, volunteer)
    for team in teams[:4]:
        trainings.note(team.volunteers[0], team.organisation, clock.today() - timedelta(days=120), by=leader)


# --- attempts -----------------------------------------------------------------------------------------------


def _outings(campaign: Campaign, teams: list[Team], last: date, random: Random) -> Iterator[Outing]:
    """Who was out when: more as the weeks go by, and only hours that have been."""
    days = list(clock.days_between(campaign.starts_on, last))
    for week, day in enumerate(days):
        for team in teams:
            for channel, weekdays, hours, chance, weight in HABITS:
                is_out = random.random() < chance
                effort = random.uniform(0.6, 1.4) * (0.7 + 0.5 * week / len(days))
                began = [datetime.combine(day, time(hour), clock.ZONE) for hour in hours]
                been = [hour for hour in began if hour <= clock.now()]
                if is_out and been and day.weekday() in weekdays and channel in campaign.channels:
                    yield Outing(team, day, been, channel, weight * effort * team.target * len(been) / len(began))


def _now(team: Team) -> Outing:
    """Whoever starts the demo, and when: somebody is out."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=1), hour]
    been = [one for one in hours if clock.local_day(one) == clock.today()]
    return Outing(team, clock.today(), been, "door", 30.0 * team.target)


def _log(
    campaign: Campaign,
    outings: list[Outing],
    conversations: int,
    random: Random,
    shifts_from: date = date.max,
) -> None:
    """Share the conversations out over the outings, with the attempts it took; rows and counters in bulk.

    One by one through attempts.log they would take half a minute.
    """
    topics = {topic.name: topic.id for topic in campaigns.topics(campaign)}
    total, before, done = sum(outing.weight for outing in outings), 0.0, 0
    rows: list[dict[str, Any]] = []
    counted: Counter[tallies.Cell] = Counter()
    for outing in outings:
        before += outing.weight
        share = round(conversations * before / total) - done
        done += share
        made = list(_attempts(outing, share, topics, random))
        shift = _held(campaign, outing, made) if made and outing.day >= shifts_from else None
        for facts in made:
            facts["shift_id"] = shift.id if shift else None
            rows.append({"id": new_id(), "campaign_id": campaign.id, "rev": 1, "is_deleted": False, **facts})
            cells = tallies.cells(
                campaign.id,
                facts["organisation_id"],
                facts["area_id"],
                facts["channel"],
                facts["happened_at"],
                facts["topics"],
                facts["outcome"],
                facts["shift_id"],
            )
            counted.update(dict.fromkeys(cells, facts["number"]))
    for batch in in_batches(rows, 5000):
        session.execute(insert(Attempt), batch)
    tallies.move(counted)


def _attempts(outing: Outing, conversations: int, topics: dict[str, str], random: Random) -> Iterator[dict[str, Any]]:
    """The outing's conversations, and what else happened on the way to them."""
    team = outing.team
    area = None if outing.channel == "digital" else random.choice(team.ground)
    rate = ELSEWHERE[outing.channel] if outing.channel in ELSEWHERE else AT_DOORS[area.housing if area else "mixed"]
    rest = round(conversations / (rate * random.uniform(0.85, 1.15))) - conversations
    out = random.sample(team.volunteers, min(len(team.volunteers), random.randint(1, 4)))
    talked, *others = campaigns.CHANNELS[outing.channel]

    def one(outcome: str, number: int, raised: list[str]) -> dict[str, Any]:
        return {
            "organisation_id": team.organisation.id,
            "area_id": area.id if area else None,
            "author_id": random.choice(out).id,
            "channel": outing.channel,
            "outcome": outcome,
            "number": number,
            "happened_at": random.choice(outing.hours),
            "happened_on": outing.day,
            "topics": raised,
        }

    for _ in range(conversations):
        raised = random.choices(list(TOPICS), list(TOPICS.values()), k=random.choice((0, 0, 1, 1, 1, 2)))
        yield one(talked, 1, [topics[name] for name in dict.fromkeys(raised)])
    while rest > 0:
        # Those who walk past a stall are counted by the handful.
        number = min(rest, random.randint(1, 5) if outing.channel == "stall" else 1)
        rest -= number
        yield one(random.choices(others, OTHERWISE[outing.channel])[0], number, [])
