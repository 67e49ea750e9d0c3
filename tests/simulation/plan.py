"""A year of conversations drawn from a seed: who logs what, where and when, and how their phones fare meanwhile.

The shape is Norrköping's plan for 2023: four larger campaigns and 5 000 conversations. Nothing here knows of a server.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Stockholm")
CONVERSATIONS = 5_000
BROWSERS = 3
TAPS_IN_BROWSER = 40
PLACES = ("Ektorp", "Hageby", "Klockaretorpet", "Krokek", "Lindö", "Skärblacka", "Vilbergen", "Åby")
TOPICS = ("Vården", "Skolan", "Tryggheten", "Jobben", "Äldreomsorgen")

# Per channel: the share of all conversations, conversations per attempt, and how often each other outcome comes.
CHANNELS: dict[str, tuple[float, float, dict[str, int]]] = {
    "door": (0.45, 0.19, {"not_home": 62, "refused": 22, "inaccessible": 11, "come_back": 5}),
    "phone": (0.20, 0.17, {"no_answer": 70, "refused": 16, "wrong_number": 8, "come_back": 6}),
    "stall": (0.25, 0.78, {"refused": 1}),
    "digital": (0.10, 0.45, {"no_answer": 3, "refused": 1}),
}
# Name, kind, its first and last day counted back from today, and its share of the year.
CAMPAIGNS = (
    ("Vinterlyssning", "listen", 338, 296, 0.25),
    ("Upprop för vården", "petition", 238, 203, 0.20),
    ("Mobilisering i juni", "mobilise", 138, 96, 0.30),
    ("Höstlyssning", "listen", 41, 0, 0.25),
)


# --- what a phone is told to do -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What somebody says of an attempt. `area` is a code, None for none."""

    area: str | None
    channel: str
    outcome: str
    number: int = 1
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Log:
    """A tap. `key` names the attempt for later changes."""

    key: str
    at: datetime
    campaign: str
    facts: Facts


@dataclass(frozen=True)
class Change:
    """The attempt was something else, or more topics came up."""

    key: str
    facts: Facts


@dataclass(frozen=True)
class Undo:
    """The attempt never was."""

    key: str


@dataclass(frozen=True)
class Send:
    """The phone has coverage, and sends until nothing waits."""


@dataclass(frozen=True)
class Glimpse:
    """Coverage for one batch, of half of what waits."""


@dataclass(frozen=True)
class Drown:
    """The phone, and all that waits on it, is gone."""


Action = Log | Change | Undo | Send | Glimpse | Drown


# --- the year -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drive:
    """One campaign of the year."""

    name: str
    kind: str
    starts_on: date
    ends_on: date
    conversations: int


@dataclass
class Volunteer:
    """Somebody with a phone, and what becomes of the two. `days[i]` is what they do during the i-th campaign."""

    name: str
    association: str
    is_browser: bool = False  # a real Chromium; it cannot be told what day it is, so it logs today
    is_offline: bool = False  # no coverage for hours: it sends when the outing is over, or a later one
    loses_answers: bool = False  # so it sends the same again, with what has come since
    sends_twice: bool = False  # two tabs, at the same time
    shuffles: bool = False  # coverage fails while it sends, and what it then has arrives in any order
    is_late: bool = False  # it logs two in a campaign that has been closed
    drowns: bool = False
    clock_error: int = 0  # seconds the phone's clock is fast
    knows_clock: bool = True  # it has learnt the error from the server
    days: list[list[Action]] = field(default_factory=list)


@dataclass
class Year:
    """All there is to replay."""

    drives: list[Drive]
    associations: list[str]
    areas: list[tuple[str, str, str]]  # code, name, association
    volunteers: list[Volunteer]
    conversations: int
    attempts: int

    @property
    def actions(self) -> int:
        """How many things there are to do, in each campaign."""
        return sum(len(day) for volunteer in self.volunteers for day in volunteer.days)


@dataclass(frozen=True)
class Outing:
    """An evening or a Saturday with one phone in one channel."""

    starts_at: datetime
    campaign: str
    taps: list[Facts]


def year(seed: int, scale: float, phones: int, browsers: int, today: date) -> Year:
    """The year that ends `today`. The same seed and sizes give the same year. Needs eight phones or more."""
    if phones - browsers < 8:
        raise ValueError("eight phones besides the browsers, or there is not one for each misfortune")
    rng = random.Random(seed)
    associations = [f"{place} s-förening" for place in PLACES]
    areas = [
        (f"{place[:2].upper()}{number}", f"{place} {part}", f"{place} s-förening")
        for place in PLACES
        for number, part in enumerate(("norra", "centrum", "södra"), 1)
    ]
    volunteers = _volunteers(rng, phones, browsers, associations)
    drives, attempts, left = [], 0, round(CONVERSATIONS * scale)
    shares = sum(share for *_rest, share in CAMPAIGNS)
    for name, kind, starts, ends, share in CAMPAIGNS:
        conversations = round(left * share / shares)
        left, shares = left - conversations, shares - share
        drive = Drive(name, kind, today - timedelta(starts), today - timedelta(ends), conversations)
        drives.append(drive)
        attempts += _fill(rng, drive, volunteers, areas, today)
    for volunteer in volunteers:
        if volunteer.drowns:
            volunteer.days[-1] = _drowning(volunteer.days[-1])
    return Year(drives, associations, areas, volunteers, round(CONVERSATIONS * scale), attempts)


def _volunteers(rng: random.Random, phones: int, browsers: int, associations: list[str]) -> list[Volunteer]:
    people = [Volunteer(f"Volontär {i + 1}", associations[i % len(associations)]) for i in range(phones)]
    for i, volunteer in enumerate(people[:browsers]):
        volunteer.is_browser, volunteer.is_offline = True, i == 1
        volunteer.clock_error = 1 if i == 0 else 0  # how much is for the day to say
    plain = people[browsers:]
    rng.shuffle(plain)
    plain[0].drowns = plain[0].is_offline = True
    plain[1].is_late = plain[1].shuffles = True
    plain[2].clock_error = 7 * 3600
    # Later than it thinks: evenings become the next day, which nobody can know but the phone's owner.
    plain[3].clock_error, plain[3].knows_clock = 5 * 3600, False
    others = plain[4:]
    for name, share in (("loses_answers", 6), ("sends_twice", 10), ("shuffles", 8)):
        for _ in range(max(1, len(plain) // share)):
            setattr(others.pop(), name, True)
    # A third of all phones, whatever else befalls them: those with nothing else first.
    sorted_by_peace = sorted(plain[1:], key=lambda v: v.loses_answers + v.sends_twice + v.shuffles + v.is_late)
    for volunteer in sorted_by_peace[: round(phones / 3) - sum(v.is_offline for v in people)]:
        volunteer.is_offline = True
    return people


def _fill(
    rng: random.Random, drive: Drive, volunteers: list[Volunteer], areas: list[tuple[str, str, str]], today: date
) -> int:
    """Give every volunteer their part of the campaign; returns how many attempts there will be."""
    outings: dict[str, list[Outing]] = {volunteer.name: [] for volunteer in volunteers}
    phones = [volunteer for volunteer in volunteers if not volunteer.is_browser]
    deck: list[Volunteer] = []
    attempts, left, shares = 0, drive.conversations, 1.0
    for channel, (share, *_rest) in CHANNELS.items():
        conversations = round(left * share / shares)
        left, shares = left - conversations, shares - share
        taps = list(_taps(rng, channel, conversations))
        attempts += sum(number for _outcome, number in taps)
        rng.shuffle(taps)
        if drive.ends_on == today and channel == "door":
            screens = [volunteer for volunteer in volunteers if volunteer.is_browser]
            size = min(TAPS_IN_BROWSER, len(taps) // (2 + len(screens)))
            for volunteer in screens:
                own, taps = taps[:size], taps[size:]
                outings[volunteer.name].append(_outing(rng, drive, channel, own, volunteer, areas))
        while taps:
            size = rng.randint(12, 30)
            own, taps = taps[:size], taps[size:]
            if not deck:
                # Everybody gets one before anybody gets two, and whoever is to lose something the first.
                deck = sorted(rng.sample(phones, len(phones)), key=lambda v: v.drowns)
            volunteer = deck.pop()
            outings[volunteer.name].append(_outing(rng, drive, channel, own, volunteer, areas))
    for volunteer in volunteers:
        mine = sorted(outings[volunteer.name], key=lambda outing: outing.starts_at)
        prefix = f"{volunteer.name}/{len(volunteer.days)}"
        volunteer.days.append(list(_actions(rng, volunteer, prefix, mine)))
    return attempts


def _taps(rng: random.Random, channel: str, conversations: int) -> Iterator[tuple[str, int]]:
    """(outcome, number) of every tap it takes to have that many conversations."""
    _share, rate, others = CHANNELS[channel]
    outcomes = Counter({"talked": conversations})
    outcomes.update(rng.choices(list(others), list(others.values()), k=round(conversations / rate) - conversations))
    most = 6 if channel == "stall" else 1
    for outcome, left in outcomes.items():
        while left:
            # A button held down for several at once is rare, but at a stall.
            number = min(left, rng.randint(1, most) if most > 1 or rng.random() > 0.03 else rng.randint(2, 5))
            left -= number
            yield outcome, number


def _outing(
    rng: random.Random,
    drive: Drive,
    channel: str,
    taps: list[tuple[str, int]],
    volunteer: Volunteer,
    areas: list[tuple[str, str, str]],
) -> Outing:
    # Not the last two days: an evening that goes on past midnight must be over before the simulation begins.
    day = drive.starts_on + timedelta(rng.randrange((drive.ends_on - drive.starts_on).days - 1))
    hour = {"digital": 23, "stall": 11}.get(channel, 17)  # digital evenings go on past midnight
    starts_at = datetime.combine(day, time(hour, rng.randrange(60)), ZONE)
    if channel == "digital" or (channel == "phone" and rng.random() < 0.6):
        area = None
    else:
        # One outing in eight helps another association: the area is theirs, the attempts are not.
        own = [code for code, _name, owner in areas if owner == volunteer.association]
        area = rng.choice(own if rng.random() < 0.875 else [code for code, _name, _owner in areas])
    return Outing(starts_at, drive.name, [Facts(area, channel, outcome, number) for outcome, number in taps])


# --- at the door --------------------------------------------------------------------------------------------


def _actions(rng: random.Random, volunteer: Volunteer, prefix: str, outings: list[Outing]) -> Iterator[Action]:
    """Every tap of the outings, with slips of the thumb put right at once or later, and coverage when there is some."""
    serial = 0
    for outing in outings:
        at = outing.starts_at
        later: list[tuple[int, Action]] = []  # after how many more taps
        for facts in outing.taps:
            serial += 1
            at += timedelta(minutes=rng.randint(1, 5), seconds=rng.randrange(60))
            actions = _tap(rng, f"{prefix}/{serial}", at, outing.campaign, facts)
            yield from (action for action in actions if isinstance(action, Log))
            delay = rng.choice((0, 1, 1, 2, 6))
            later += [(delay, action) for action in actions if not isinstance(action, Log)]
            due = [action for taps_left, action in later if taps_left <= 0]
            later = [(taps_left - 1, action) for taps_left, action in later if taps_left > 0]
            yield from due
            if not volunteer.is_offline and rng.random() < 0.5:
                yield Send()
        yield from (action for _taps_left, action in later)
        if not volunteer.is_offline or rng.random() < 0.4:
            yield Send()
    yield Send()


def _tap(rng: random.Random, key: str, at: datetime, campaign: str, facts: Facts) -> list[Action]:
    """What somebody does so that it ends as `facts`, now and then with a tap that should not have been."""
    others = [outcome for outcome in ("talked", *CHANNELS[facts.channel][2]) if outcome != facts.outcome]
    wrong = replace(facts, outcome=rng.choice(others), number=facts.number + rng.randint(0, 2))
    right = replace(facts, topics=tuple(rng.sample(TOPICS, rng.randint(1, 2))))
    chance = rng.random()
    if chance < 0.08:
        return [Log(key, at, campaign, wrong), Change(key, facts)]
    if chance < 0.10:
        return [Log(key, at, campaign, facts), Change(key, wrong), Change(key, right)]
    if chance < 0.40 and facts.outcome == "talked":
        return [Log(key, at, campaign, facts), Change(key, right)]
    if chance > 0.97:
        return [Log(key, at, campaign, facts), Log(f"{key}!", at, campaign, wrong), Undo(f"{key}!")]
    if chance > 0.95:
        slip = f"{key}!"
        return [Log(key, at, campaign, facts), Log(slip, at, campaign, wrong), Change(slip, right), Undo(slip)]
    return [Log(key, at, campaign, facts)]


def _drowning(actions: list[Action]) -> list[Action]:
    """The same, but the last part never comes home: half of it gets through in one batch, and then the lake."""
    taps = [action for action in actions if not isinstance(action, Send)]
    home, away = taps[: len(taps) // 2], taps[len(taps) // 2 :]
    last = max(1, len(away) // 8)
    return [*home, Send(), *away[:-last], Glimpse(), *away[-last:], Drown()]
