"""The people that tests speak of, and where they belong.

Östergötland ─ Norrköping ─ Hageby s-förening      Alva volunteer
             │            └ Ektorp s-förening      Dag volunteer
             │              Bo leader, Cia board (both of Norrköping)
             └ Linköping
Göteborgsområdet ─ Partille ─ Öjersjö s-förening   Esa leader of Partille
Adam is administrator of Östergötland.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from canvass.core import clock, db
from canvass.counting import attempts
from canvass.counting.attempts import Facts
from canvass.counting.receipts import Installation
from canvass.fieldwork import areas, campaigns, drafts, shifts
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.fieldwork.topics import all_of as all_topics
from canvass.members import organisations, passwords, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person

PASSWORD = "ett långt lösenord"


@dataclass
class Cast:
    """Everybody and everything, by name."""

    ostergotland: Organisation
    norrkoping: Organisation
    hageby: Organisation
    ektorp: Organisation
    linkoping: Organisation
    partille: Organisation
    ojersjo: Organisation
    alva: Person
    bo: Person
    cia: Person
    dag: Person
    esa: Person
    adam: Person
    spring: Campaign
    hageby_north: Area
    hageby_south: Area
    ektorp_hill: Area

    def refresh(self) -> Cast:
        """The same after a rollback or commit by somebody else."""
        for field in fields(self):
            db.session.refresh(getattr(self, field.name))
        return self


def new_campaign(
    owner: Organisation,
    *,
    topics: Sequence[str] = (),
    target: int | None = None,
    by: Person | None = None,
    **facts: Any,
) -> Campaign:
    """A draft with topics and a target, as the form makes it."""
    return drafts.create(owner, campaigns.Facts(**facts), topic_names=topics, target=target, by=by)


def gather() -> Cast:
    """Put the cast in an empty database. The caller commits."""
    ostergotland = organisations.add("district", "Östergötland", None)
    norrkoping = organisations.add("municipal", "Norrköping", ostergotland, code="0581")
    hageby = organisations.add("association", "Hageby s-förening", norrkoping)
    ektorp = organisations.add("association", "Ektorp s-förening", norrkoping)
    linkoping = organisations.add("municipal", "Linköping", ostergotland, code="0580")
    elsewhere = organisations.add("district", "Göteborgsområdet", None)
    partille = organisations.add("municipal", "Partille", elsewhere, code="1402")
    ojersjo = organisations.add("association", "Öjersjö s-förening", partille)

    adam = _person("Adam", norrkoping, "admin", ostergotland)
    spring = _spring(norrkoping, adam)
    return Cast(
        ostergotland=ostergotland,
        norrkoping=norrkoping,
        hageby=hageby,
        ektorp=ektorp,
        linkoping=linkoping,
        partille=partille,
        ojersjo=ojersjo,
        alva=_person("Alva", hageby, "volunteer", hageby, signs_in=False),
        bo=_person("Bo", norrkoping, "leader", norrkoping),
        cia=_person("Cia", norrkoping, "board", norrkoping),
        dag=_person("Dag", ektorp, "volunteer", ektorp, signs_in=False),
        esa=_person("Esa", ojersjo, "leader", partille),
        adam=adam,
        spring=spring,
        hageby_north=areas.add(hageby, name="Hageby norra", code="H1", housing="flats", households=640, by=adam),
        hageby_south=areas.add(hageby, name="Hageby södra", code="H2", housing="villa", households=210, by=adam),
        ektorp_hill=areas.add(ektorp, name="Ektorpshöjden", code="E1", by=adam),
    )


def _person(name: str, home: Organisation, role: str, node: Organisation, *, signs_in: bool = True) -> Person:
    found = people.add(name, home, email=f"{name.lower()}@example.org" if signs_in else None)
    if signs_in:
        found.password_hash = PASSWORD_HASH
    people.grant(found, role, node)
    return found


def _spring(owner: Organisation, by: Person) -> Campaign:
    """The campaign that is open from March to December."""
    spring = new_campaign(
        owner,
        name="Vårkampanjen",
        kind="listen",
        starts_on=date(2026, 3, 1),
        ends_on=date(2026, 12, 31),
        channels=list(campaigns.CHANNELS),
        topics=["Skolan", "Vården", "Tryggheten"],
        target=5000,
        script="Hej! Vi är ute och lyssnar.",
        by=by,
    )
    campaigns.open_(spring, by=by)
    return spring


def log(
    cast: Cast,
    who: Person,
    outcome: str = "talked",
    number: int = 1,
    *,
    area: Area | None = None,
    channel: str = "door",
    days_ago: int = 0,
    topics: Sequence[str] = (),
    campaign: Campaign | None = None,
    shift: Shift | None = None,
) -> str:
    """Somebody logs; returns the attempt's id."""
    campaign = campaign or cast.spring
    named = {topic.name: topic.id for topic in all_topics(campaign).values()}
    attempt_id = db.new_id()
    attempts.log(
        attempts.Change(
            attempt_id,
            author_id=who.id,
            campaign_id=campaign.id,
            organisation_id=who.association_id,
            happened_at=clock.now() - timedelta(days=days_ago),
            facts=Facts(
                area.id if area else None,
                channel,
                outcome,
                number,
                [named[name] for name in topics],
                shift.id if shift else None,
            ),
        )
    )
    return attempt_id


def undo(cast: Cast, who: Person, attempt_id: str) -> None:
    """Somebody undoes what they have logged in the spring campaign."""
    attempts.log(
        attempts.Change(attempt_id, who.id, cast.spring.id, who.association_id, clock.now(), None, 2, is_first=False)
    )


def plan_shift(
    cast: Cast,
    *,
    owner: Organisation | None = None,
    campaign: Campaign | None = None,
    channel: str = "door",
    hours: float = 1.0,
    lasts: float = 2.0,
    ground: Sequence[Area] = (),
    leader: Person | None = None,
    by: Person | None = None,
    **facts: Any,
) -> Shift:
    """A shift of Hageby's that begins in an hour, unless something else is said."""
    starts_at = clock.now() + timedelta(hours=hours)
    return shifts.plan(
        campaign or cast.spring,
        owner or cast.hageby,
        shifts.Facts(
            channel=channel,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=lasts),
            area_ids=[area.id for area in ground or [cast.hageby_north]],
            leader=leader,
            **facts,
        ),
        by=by or cast.bo,
    )


def send_out(shift: Shift, who: Person, *, minutes_ago: int = 5, pending: int = 0, missing: int = 0) -> Installation:
    """The person's phone says that it is out on the shift."""
    phone = Installation(
        id=db.new_id(),
        person_id=who.id,
        organisation_id=who.association_id,
        pending=pending,
        missing=missing,
        heard_at=clock.now() - timedelta(minutes=minutes_ago),
        shift_id=shift.id,
        shift_since=clock.now() - timedelta(minutes=40),
    )
    db.session.add(phone)
    db.session.flush()
    return phone


def square(west: float, south: float) -> str:
    """An outline a hundredth of a degree wide and high."""
    east, north = west + 0.01, south + 0.01
    return (
        f'{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],'
        f"[{west},{south}]]]}}"
    )


# Hashed once: argon2 is slow on purpose, and a test of something else should not pay for it.
PASSWORD_HASH = passwords._hasher.hash(PASSWORD)
