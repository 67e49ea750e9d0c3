"""Who may do what where: the rights of each role, and functions that apply them. What is not allowed is denied."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, or_, select

from canvass.core.db import Base, built_once, session
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

Owned = TypeVar("Owned", bound=Base)

# What each role may do at its organisation and those beneath.
VOLUNTEER = frozenset({"attempt.log", "campaign.see"})
LEADER = VOLUNTEER | {
    "campaign.edit", "target.set", "area.edit", "joining.manage", "quarantine.review", "report.export",
    "person.see", "organisation.see", "shift.plan", "late_report.enter", "wall.manage",
}  # fmt: skip
BOARD = VOLUNTEER | {"report.export", "person.see", "organisation.see"}
ADMIN = LEADER | {"person.manage", "organisation.edit"}
RIGHTS = {"volunteer": VOLUNTEER, "leader": LEADER, "board": BOARD, "admin": ADMIN}
ACTIONS = ADMIN | BOARD

# The id of an organisation, and a role there.
Role = tuple[str, str]


class NotFound(LookupError):
    """There is no such object, or none that this person may see."""


class Forbidden(PermissionError):
    """The person may see the object but not do what they asked."""


def may(person: Person | None, action: str, organisation_id: str) -> bool:
    """May the person do `action` at the organisation, by a role there or above it? False for None."""
    return person is not None and allow(roles(person), action, organisations.line(organisation_id))


def roles(person: Person) -> list[Role]:
    """Return the person's roles."""
    return [(membership.organisation_id, membership.role) for membership in person.memberships]


def allow(held: Iterable[Role], action: str, line: Collection[str]) -> bool:
    """Do these roles allow `action` at the organisation whose line upwards (`organisations.line`) this is?"""
    return any(organisation_id in line and action in RIGHTS[role] for organisation_id, role in held)


def may_anywhere(person: Person | None, action: str) -> bool:
    """May the person do `action` at any organisation at all? Which one is for `may` to say."""
    return person is not None and any(action in RIGHTS[m.role] for m in person.memberships)


def manages(person: Person, other: Person) -> bool:
    """May the person give and take every role that the other one has?"""
    return all(may(person, "person.manage", membership.organisation_id) for membership in other.memberships)


def require(person: Person, action: str, organisation_id: str) -> None:
    """Raise Forbidden unless the person may do `action` at the organisation."""
    if not may(person, action, organisation_id):
        raise Forbidden(action)


def nodes(person: Person, action: str = "campaign.see") -> list[str]:
    """Return the ids of the organisations where a role of the person's allows `action`, without those beneath."""
    return sorted({m.organisation_id for m in person.memberships if action in RIGHTS[m.role]})


def reach(person: Person, action: str) -> Select[str]:
    """Return a query for the ids of all organisations where the person may do `action`."""
    return organisations.beneath_any(nodes(person, action))


def visible(person: Person, kind: type[Owned]) -> Select[Owned]:
    """Return a query for what the person may see of this kind.

    That is what the organisations where they have a role own, those beneath, and those above: a volunteer of an
    association takes part in the district's campaigns.
    """
    return _visible(kind, *_reach(person))


def _reach(person: Person) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the organisations where the person has a role, and of those with all above them."""
    mine = nodes(person)
    organisations.load(mine)
    upwards = {node.id for organisation_id in mine for node in organisations.above(organisation_id)}
    return tuple(mine), tuple(sorted(upwards))


@built_once
def _visible(kind: type[Owned], mine: tuple[str, ...], upwards: tuple[str, ...]) -> Select[Owned]:
    owner: Any = kind.id if kind is Organisation else kind.organisation_id  # type: ignore[attr-defined]
    return select(kind).where(or_(owner.in_(organisations.beneath_any(mine)), owner.in_(upwards)))


@built_once
def _visible_one(kind: type[Owned], mine: tuple[str, ...], upwards: tuple[str, ...]) -> Select[Owned]:
    """Return the same for the object whose id is bound to `:id`."""
    key: Any = kind.id  # type: ignore[attr-defined]
    return _visible(kind, mine, upwards).where(key == bindparam("id"))


def find(person: Person, kind: type[Owned], object_id: str, action: str | None = None) -> Owned:
    """Return the object. Raises NotFound when the person may not see it, Forbidden when they may not do `action`."""
    found: Owned | None = session.scalars(_visible_one(kind, *_reach(person)), {"id": object_id}).one_or_none()
    if found is None:
        raise NotFound(f"{kind.__name__} {object_id}")
    if action is not None:
        require(person, action, found.id if isinstance(found, Organisation) else found.organisation_id)  # type: ignore[attr-defined]
    return found


def tops(person: Person, organisation_id: str, action: str = "campaign.see") -> list[Organisation]:
    """Return the topmost organisations, at or beneath `organisation_id`, where the person may do `action`.

    That is the organisation itself for a role there or above; otherwise there may be several, or none.
    """
    if may(person, action, organisation_id):
        top = session.get(Organisation, organisation_id)
        return [top] if top else []
    organisations.load(nodes(person, action))
    found = [node for node_id in nodes(person, action) if (node := session.get(Organisation, node_id))]
    return organisations.in_order(
        _highest(node for node in found if organisations.is_beneath(node.id, organisation_id))
    )


def _highest(found: Iterable[Organisation]) -> list[Organisation]:
    """Return the organisations that are not beneath another of them."""
    candidates = list(found)
    return [
        node
        for node in candidates
        if not any(other is not node and organisations.is_beneath(node.id, other.id) for other in candidates)
    ]
