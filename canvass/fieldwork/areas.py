"""Areas: the ground that teams are given, with an outline read from a file or with a name alone."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import ForeignKey, Select, String, Text, UniqueConstraint, bindparam, literal, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, undefer

from canvass.core import audit, clock, i18n, texts
from canvass.core.db import Base, Id, built_once, connection, in_batches, new_id, session
from canvass.core.geojson.fields import LONGEST_CODE, LONGEST_NAME, MOST_HOUSEHOLDS
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

HOUSING = ("villa", "terraced", "flats", "mixed")


class Area(Base):
    """A piece of ground with a name, owned by an organisation. `outline` is a GeoJSON geometry in WGS84, as text.

    The outline is not read with the rest: `with_outlines` reads those of many areas with one query.
    """

    __tablename__ = "areas"
    __table_args__ = (UniqueConstraint("organisation_id", "code"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    code: Mapped[str] = mapped_column(String(LONGEST_CODE))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    housing: Mapped[str] = mapped_column(String(20), default="")
    households: Mapped[int | None]
    outline: Mapped[str | None] = mapped_column(Text, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # From then on it is offered to nobody; what was counted there stays.
    retired_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def geometry(self) -> dict[str, Any] | None:
        """The outline decoded; None for an area with a name alone."""
        return json.loads(self.outline) if self.outline else None


def housing_name(housing: str) -> str:
    """The word for a code of HOUSING, or for "": not given."""
    return {
        "": _("Ej angivet"),
        "villa": _("Villor"),
        "terraced": _("Radhus"),
        "flats": _("Flerfamiljshus"),
        "mixed": _("Blandat"),
    }[housing]


# --- by hand ------------------------------------------------------------------------------------------------


def add(
    organisation: Organisation,
    *,
    name: str,
    code: str = "",
    housing: str = "",
    households: int | None = None,
    by: Person,
) -> Area:
    """A new area. Without a code it gets the lowest free number. Raises Refused."""
    area = Area(organisation=organisation, **_checked(organisation, name, code, housing, households, None))
    session.add(area)
    session.flush()
    audit.record("area.add", person_id=by.id, organisation_id=organisation.id, area=area.id)
    return area


def edit(
    area: Area,
    *,
    organisation: Organisation,
    name: str,
    code: str,
    housing: str,
    households: int | None,
    by: Person,
) -> None:
    """Change an area, `organisation` being its owner from now on. Raises Refused."""
    for column, value in _checked(organisation, name, code, housing, households, area).items():
        setattr(area, column, value)
    area.organisation_id, area.organisation = organisation.id, organisation
    audit.record("area.edit", person_id=by.id, organisation_id=organisation.id, area=area.id)


def retire(area: Area, *, by: Person) -> None:
    """Take an area out of use; its counts stay. A retired area stays as it is."""
    area.retired_at = area.retired_at or clock.now()
    audit.record("area.retire", person_id=by.id, organisation_id=area.organisation_id, area=area.id)


def bring_back(area: Area, *, by: Person) -> None:
    """Take a retired area into use again."""
    area.retired_at = None
    audit.record("area.bring_back", person_id=by.id, organisation_id=area.organisation_id, area=area.id)


# --- looking up ---------------------------------------------------------------------------------------------


def seen_by(person: Person) -> list[Area]:
    """The areas that the person may see."""
    return in_order(session.scalars(access.visible(person, Area)))


def with_outlines(shown: Iterable[Area]) -> list[Area]:
    """Those of the areas that have an outline, with the outlines read in one query instead of one for each."""
    found: list[Area] = []
    for ids in in_batches(area.id for area in shown):
        query = select(Area).where(Area.id.in_(ids), Area.outline.is_not(None)).options(undefer(Area.outline))
        found += session.scalars(query)
    return in_order(found)


def with_ids(area_ids: Iterable[str]) -> dict[str, Area]:
    """The areas with these ids, by id."""
    return {
        area.id: area
        for ids in in_batches(sorted(area_ids))
        for area in session.scalars(select(Area).where(Area.id.in_(ids)))
    }


def owned_by(organisation_id: str) -> list[Area]:
    """The areas in use that the organisation itself owns."""
    return in_order(
        session.scalars(select(Area).where(Area.organisation_id == organisation_id, Area.retired_at.is_(None)))
    )


def owned_beneath(organisation_id: str) -> list[Area]:
    """All areas of an organisation and of those beneath it, retired ones too."""
    return in_order(session.scalars(_owned_beneath(organisations.beneath(organisation_id))))


@built_once
def _owned_beneath(organisation_ids: Select[str]) -> Select[Area]:
    return select(Area).where(Area.organisation_id.in_(organisation_ids))


def serving(organisation_id: str, *, near: str | None = None) -> list[Area]:
    """The areas in use where a campaign of this organisation may have conversations.

    They are its own, those of organisations beneath it and those of organisations above it. With `near`, the id of an
    association, only those that its phones need: of its municipal organisation, what is beneath that, and above it.
    """
    bottom = _bottom(organisation_id, near)
    upwards = [node.id for node in organisations.above(bottom)]
    owner = or_(Area.organisation_id.in_(organisations.beneath(bottom)), Area.organisation_id.in_(upwards))
    return in_order(session.scalars(select(Area).where(owner, Area.retired_at.is_(None))))


# Built once: phones ask for it when they start. What is beneath an organisation, and what belongs to one above it.
_SERVING = (
    select(organisations.TOPS.c.top, Area.organisation_id, Area.id, Area.code, Area.name)
    .join(organisations.TOPS, organisations.TOPS.c.id == Area.organisation_id)
    .where(Area.retired_at.is_(None))
    .union_all(
        select(literal(""), Area.organisation_id, Area.id, Area.code, Area.name).where(
            Area.organisation_id.in_(bindparam("upwards", expanding=True)), Area.retired_at.is_(None)
        )
    )
)


def named(organisation_ids: Iterable[str], near: str) -> dict[str, list[tuple[str, str, str]]]:
    """The id, code and name of the areas that `serving` gives for each of the organisations, by the latter's id."""
    bottoms = {id_: _bottom(id_, near) for id_ in organisation_ids}
    upwards = {bottom: {node.id for node in organisations.above(bottom)} - {bottom} for bottom in bottoms.values()}
    given = {"tops": list(upwards), "upwards": sorted(set[str]().union(*upwards.values()))}
    found: dict[str, list[tuple[str, str, str]]] = {bottom: [] for bottom in upwards}
    for top, owner, *area in connection().execute(_SERVING, given):
        for bottom in [top] if top else [bottom for bottom, line in upwards.items() if owner in line]:
            found[bottom].append(tuple(area))
    ordered = {
        bottom: sorted(areas, key=lambda area: place_in_list(area[2], area[1])) for bottom, areas in found.items()
    }
    return {id_: ordered[bottom] for id_, bottom in bottoms.items()}


def _bottom(organisation_id: str, near: str | None) -> str:
    """The organisation itself, or the municipal organisation of `near` if that is beneath it."""
    if near is not None and organisations.is_beneath(near, organisation_id):
        municipal = organisations.municipal_of(near)
        if municipal is not None and organisations.is_beneath(municipal.id, organisation_id):
            return municipal.id
    return organisation_id


def serves(area: Area, organisation_id: str) -> bool:
    """Whether a campaign of this organisation may count conversations there.

    Retired areas count as well: a phone may send what it logged before.
    """
    return organisations.is_beneath(area.organisation_id, organisation_id) or organisations.is_beneath(
        organisation_id, area.organisation_id
    )


def has_words(area: Area, wanted: str) -> bool:
    """Whether all the words of `wanted` are in its code or name."""
    return all(word in f"{area.code} {area.name}".casefold() for word in wanted.casefold().split())


def in_order(found: Iterable[Area]) -> list[Area]:
    """The areas by name in Swedish order, then by code."""
    return sorted(found, key=lambda area: place_in_list(area.name, area.code))


def place_in_list(name: str, code: str) -> tuple[str, str, str]:
    """Where an area stands among others."""
    return i18n.sort_key(name), i18n.sort_key(code), code


def next_code(taken: Container[str]) -> str:
    """The lowest number that is no area's code."""
    return next(str(number) for number in count(1) if str(number) not in taken)


def _checked(
    organisation: Organisation, name: str, code: str, housing: str, households: int | None, area: Area | None
) -> dict[str, Any]:
    """The columns that a form decides; `area` is the one it changes. Raises Refused."""
    errors = {}
    name, code = texts.line(name), texts.line(code)
    taken = {
        known.code
        for known in session.scalars(select(Area).where(Area.organisation_id == organisation.id))
        if known is not area
    }
    if not name:
        errors["name"] = _("Ge området ett namn.")
    elif len(name) > LONGEST_NAME:
        errors["name"] = _("Namnet får ha högst 120 tecken.")
    if not code:
        code = next_code(taken)
    elif len(code) > LONGEST_CODE:
        errors["code"] = _("Koden får ha högst 40 tecken.")
    elif code in taken:
        errors["code"] = _("Koden %(code)s används redan av ett annat område.", code=code)
    if housing not in ("", *HOUSING):
        errors["housing"] = _("Välj en boendeform.")
    if households is not None and not 0 <= households <= MOST_HOUSEHOLDS:
        errors["households"] = _("Antalet hushåll ska vara ett heltal mellan 0 och 1 miljon.")
    if errors:
        raise Refused(errors)
    return {"name": name, "code": code, "housing": housing, "households": households}
