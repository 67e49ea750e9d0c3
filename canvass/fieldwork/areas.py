"""Areas: the ground that teams are given, with an outline read from a file or with a name alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, undefer

from canvass.core import audit, clock, geojson, i18n
from canvass.core.db import Base, Id, in_batches, new_id, session
from canvass.core.geojson.fields import LONGEST_CODE, LONGEST_NAME, MOST_HOUSEHOLDS
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

HOUSING = ("villa", "terraced", "flats", "mixed")
# How long an uploaded file may wait for its preview to be confirmed.
DRAFT_TIME = timedelta(hours=24)


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


class Draft(Base):
    """An uploaded file between its preview and its confirmation."""

    __tablename__ = "area_drafts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    # The features that were read, as JSON: smaller than the file, and it is read once only. Empty when carried out.
    content: Mapped[bytes] = mapped_column(LargeBinary)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_spent(self) -> bool:
        """Whether it has been carried out."""
        return not self.content

    @property
    def reading(self) -> geojson.Reading:
        """The file as it was read."""
        content = json.loads(self.content)
        features = [geojson.Feature(**values) for values in content["features"]]
        return geojson.Reading(features, [], content["fields"])


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


def owned_by(organisation_id: str) -> list[Area]:
    """The areas in use that the organisation itself owns."""
    return in_order(
        session.scalars(select(Area).where(Area.organisation_id == organisation_id, Area.retired_at.is_(None)))
    )


def owned_beneath(organisation_id: str) -> list[Area]:
    """All areas of an organisation and of those beneath it, retired ones too."""
    return in_order(
        session.scalars(select(Area).where(Area.organisation_id.in_(organisations.beneath(organisation_id))))
    )


def serving(organisation_id: str, *, near: str | None = None) -> list[Area]:
    """The areas in use where a campaign of this organisation may have conversations.

    They are its own, those of organisations beneath it and those of organisations above it. With `near`, the id of an
    association, only those that its phones need: of its municipal organisation, what is beneath that, and above it.
    """
    bottom = organisation_id
    if near is not None and organisations.is_beneath(near, bottom):
        municipal = organisations.municipal_of(near)
        if municipal is not None and organisations.is_beneath(municipal.id, bottom):
            bottom = municipal.id
    upwards = [node.id for node in organisations.above(bottom)]
    owner = or_(Area.organisation_id.in_(organisations.beneath(bottom)), Area.organisation_id.in_(upwards))
    return in_order(session.scalars(select(Area).where(owner, Area.retired_at.is_(None))))


def serves(area: Area, organisation_id: str) -> bool:
    """Whether a campaign of this organisation may count conversations there.

    Retired areas count as well: a phone may send what it logged before.
    """
    return organisations.is_beneath(area.organisation_id, organisation_id) or organisations.is_beneath(
        organisation_id, area.organisation_id
    )


def in_order(found: Iterable[Area]) -> list[Area]:
    """The areas by name in Swedish order, then by code."""
    return sorted(found, key=lambda area: (i18n.sort_key(area.name), area.code))


# --- from a file --------------------------------------------------------------------------------------------


@dataclass
class Change:
    """An area that the file changes: the columns with their new values. `retired_at` becomes None if it was set."""

    area: Area
    feature: geojson.Feature
    values: dict[str, Any]


@dataclass
class Plan:
    """What an import would do. It cannot be carried out while the file has problems."""

    organisation: Organisation
    reading: geojson.Reading
    added: list[geojson.Feature] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: list[Area] = field(default_factory=list)

    @property
    def problems(self) -> list[geojson.Problem]:
        """Those of the reading."""
        return self.reading.problems

    @property
    def mark(self) -> str:
        """A digest of what the plan would do.

        It tells a preview from the same file's plan after somebody else has changed the areas.
        """
        added = [feature.code for feature in self.added]
        before = [[c.area.id, {column: str(getattr(c.area, column)) for column in c.values}] for c in self.changed]
        content = json.dumps([added, before, [area.id for area in self.unchanged]])
        return hashlib.sha256(content.encode()).hexdigest()[:20]


def plan_import(
    organisation: Organisation,
    content: bytes,
    *,
    code_field: str | None = None,
    name_field: str | None = None,
    housing: str = "",
) -> Plan:
    """Read a GeoJSON file and compare it with the organisation's areas.

    `housing` is given to those areas of the file that would have none.
    """
    reading = geojson.read(content, code_field=code_field or None, name_field=name_field or None)
    return compare(organisation, reading, housing=housing)


def compare(organisation: Organisation, reading: geojson.Reading, *, housing: str = "") -> Plan:
    """The same for a file that has been read. Areas are recognised by their codes."""
    plan = Plan(organisation, reading)
    query = select(Area).where(Area.organisation_id == organisation.id).options(undefer(Area.outline))
    known = {area.code: area for area in session.scalars(query)}
    for feature in reading.features:
        if not reading.fields["code"]:
            # A single outline without a code. Two that were drawn one after the other are two areas.
            feature = _numbered(feature, known)
        area = known.get(feature.code)
        if area is None:
            plan.added.append(feature)
            continue
        values = _imported(feature, housing, area)
        values = {column: value for column, value in values.items() if getattr(area, column) != value}
        if area.retired_at:
            values["retired_at"] = None
        if values:
            plan.changed.append(Change(area, feature, values))
        else:
            plan.unchanged.append(area)
    return plan


def carry_out(plan: Plan, *, housing: str = "", by: Person | None = None) -> None:
    """Add and change the plan's areas. Raises Refused if it has problems: a file is taken whole or not at all."""
    if plan.problems:
        raise Refused({"file": plan.problems[0].sentence})
    for feature in plan.added:
        session.add(Area(organisation=plan.organisation, code=feature.code, **_imported(feature, housing, None)))
    for change in plan.changed:
        for column, value in change.values.items():
            setattr(change.area, column, value)
    session.flush()
    audit.record(
        "area.import",
        person_id=by.id if by else None,
        organisation_id=plan.organisation.id,
        added=len(plan.added),
        changed=len(plan.changed),
    )


def keep_draft(plan: Plan, choices: dict[str, Any], *, by: Person) -> Draft:
    """Keep what was read until its preview is confirmed. Deletes drafts older than DRAFT_TIME."""
    session.execute(delete(Draft).where(Draft.created_at < clock.now() - DRAFT_TIME))
    content = {"features": [asdict(feature) for feature in plan.reading.features], "fields": plan.reading.fields}
    draft = Draft(
        organisation_id=plan.organisation.id, person_id=by.id, choices=choices, content=json.dumps(content).encode()
    )
    session.add(draft)
    session.flush()
    return draft


def draft(draft_id: str, *, of: Person) -> Draft | None:
    """The draft with this id if it is the person's own."""
    return session.scalar(select(Draft).where(Draft.id == draft_id, Draft.person_id == of.id))


def discard(draft: Draft) -> None:
    """Delete a draft without carrying it out."""
    session.delete(draft)


def spend(draft: Draft) -> None:
    """Empty a draft that has been carried out. The row stays, so that a second tap on the button finds it spent."""
    draft.content = b""


def _imported(feature: geojson.Feature, housing: str, area: Area | None) -> dict[str, Any]:
    """The columns that a feature decides; `area` is the one it changes. Columns it says nothing about are left out."""
    values: dict[str, Any] = {"outline": json.dumps(feature.geometry, separators=(",", ":"))}
    # A feature without a name has its code for one, which is no reason to drop the name people use.
    if area is None or feature.name != feature.code:
        values["name"] = feature.name
    if feature.housing:
        values["housing"] = feature.housing
    elif housing and not (area and area.housing):
        values["housing"] = housing
    if feature.households is not None:
        values["households"] = feature.households
    return values


def _numbered(feature: geojson.Feature, known: dict[str, Area]) -> geojson.Feature:
    """The feature with the code of the area that has exactly its outline, else with the lowest free number."""
    outline = _imported(feature, "", None)["outline"]
    same = next((area for area in known.values() if area.outline == outline), None)
    if same is not None:
        return replace(feature, code=same.code, name=same.name)
    code = _next_code(known)
    return replace(feature, code=code, name=_("Område %(number)s", number=code))


def _next_code(taken: Container[str]) -> str:
    """The lowest number that is no area's code."""
    return next(str(number) for number in count(1) if str(number) not in taken)


def _checked(
    organisation: Organisation, name: str, code: str, housing: str, households: int | None, area: Area | None
) -> dict[str, Any]:
    """The columns that a form decides; `area` is the one it changes. Raises Refused."""
    errors = {}
    name, code = " ".join(name.split()), code.strip()
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
        code = _next_code(taken)
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
