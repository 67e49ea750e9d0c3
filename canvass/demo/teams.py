"""The demo's organisations, people and areas."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field

from canvass.core import geometry
from canvass.core.db import session
from canvass.demo import facts
from canvass.fieldwork import areas
from canvass.fieldwork.areas import Area
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# The people to sign in as, in the order of the links.
CAST = {"volunteer": "Maja", "leader": "Yusuf", "board": "Birgitta", "admin": "Sanna"}


@dataclass
class Team:
    """An association with its target, its volunteers and its areas."""

    organisation: Organisation
    target: int
    volunteers: list[Person] = field(default_factory=list)
    ground: list[Area] = field(default_factory=list)


def tree() -> Organisation:
    district = organisations.add("district", "Östergötland", None)
    for name, code in [
        ("Finspångs arbetarekommun", "0562"),
        ("Linköpings arbetarekommun", "0580"),
        ("Motala arbetarekommun", "0583"),
        ("Söderköpings arbetarekommun", "0582"),
    ]:
        organisations.add("municipal", name, district, code=code)
    return organisations.add("municipal", "Norrköpings arbetarekommun", district, code="0581")


def associations(norrkoping: Organisation) -> list[Team]:
    teams = []
    for name, target, volunteers in facts.ASSOCIATIONS:
        team = Team(organisations.add("association", name, norrkoping), target)
        for volunteer in volunteers.split():
            team.volunteers.append(people.add(volunteer, team.organisation))
            people.grant(team.volunteers[-1], "volunteer", team.organisation)
        teams.append(team)
    return teams


def cast(norrkoping: Organisation, team: Team) -> dict[str, Person]:
    """Add the people to sign in as, by role. Their ids are fixed, since whoever tries the demo may change the names."""
    nodes = {"volunteer": team.organisation, "leader": norrkoping, "board": norrkoping}
    nodes["admin"] = organisations.above(norrkoping.id)[-1]
    cast = {}
    for role, name in CAST.items():
        # Without a password: only the demo's own links let anybody in.
        email = None if role == "volunteer" else f"{name.lower()}@example.org"
        person = Person(id=person_id(role), name=name, email=email, association=team.organisation)
        session.add(person)
        session.flush()
        people.grant(person, role, nodes[role])
        cast[role] = person
    team.volunteers.append(cast["volunteer"])
    return cast


def person_id(role: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"canvass demo {role}"))


def draw_areas(teams: list[Team], admin: Person) -> None:
    for code, name, housing, households in facts.AREAS:
        team = teams[int(code[0]) - 1]
        area = areas.add(team.organisation, name=name, code=code, housing=housing, households=households, by=admin)
        area.outline = json.dumps(outline(code))
        team.ground.append(area)


def outline(code: str) -> geometry.Geometry:
    """Return an area's outline as GeoJSON."""
    corners = [corner.split(",") for corner in facts.OUTLINES[code].split()]
    ring = [[(160000 + int(east)) / 10000, (580000 + int(north)) / 10000] for east, north in corners]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
