"""Areas: ground that a team can be given, with its outline, drawn by hand elsewhere and imported, or only named."""

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
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

HOUSING = ("villa", "terraced", "flats", "mixed")
MOST_HOUSEHOLDS = 1_000_000
# An uploaded file waits this long for its preview to be confirmed.
DRAFT_TIME = timedelta(hours=24)


class Area(Base):
    """A named piece of ground owned by an organisation. `outline` is a GeoJSON geometry in WGS84."""

    __tablename__ = "areas"
    __table_args__ = (UniqueConstraint("organisation_id", "code"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    housing: Mapped[str] = mapped_column(String(20), default="")
    households: Mapped[int | None]
    outline: Mapped[str | None] = mapped_column(Text, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # No longer offered; what was counted there stays.
    retired_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def geometry(self) -> dict[str, Any] | None:
        """The outline as a GeoJSON geometry."""
        return json.loads(self.outline) if self.outline else None


class Draft(Base):
    """An uploaded file between its preview and its confirmation."""

    __tablename__ = "area_drafts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    # What was read of the file: smaller than the file, and nothing is worked out twice. Empty when carried out.
    content: Mapped[bytes] = mapped_column(LargeBinary)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_spent(self) -> bool:
        """Has it been carried out already?"""
        return not self.content

    @property
    def reading(self) -> geojson.Reading:
        """The file as it was read."""
        content = json.loads(self.content)
        features = [geojson.Feature(**values) for values in content["features"]]
        return geojson.Reading(features, [], content["fields"])


def housing_name(housing: str) -> str:
    """What a housing type is called."""
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
    """A new area. Without a code it gets the next number. Raises Refused."""
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
    """Change an area, its owner too. Raises Refused."""
    for column, value in _checked(organisation, name, code, housing, households, area).items():
        setattr(area, column, value)
    area.organisation_id, area.organisation = organisation.id, organisation
    audit.record("area.edit", person_id=by.id, organisation_id=organisation.id, area=area.id)


def retire(area: Area, *, by: Person) -> None:
    """Offer it no longer; its counts stay."""
    area.retired_at = area.retired_at or clock.now()
    audit.record("area.retire", person_id=by.id, organisation_id=area.organisation_id, area=area.id)


def bring_back(area: Area, *, by: Person) -> None:
    """Offer it again."""
    area.retired_at = None
    audit.record("area.bring_back", person_id=by.id, organisation_id=area.organisation_id, area=area.id)


# --- looking up ---------------------------------------------------------------------------------------------


def seen_by(person: Person) -> list[Area]:
    """The areas a person may know of, by name."""
    return in_order(session.scalars(access.visible(person, Area)))


def with_outlines(shown: Iterable[Area]) -> list[Area]:
    """Those of them that have an outline, with all outlines read at once: otherwise each is a question of its own."""
    found: list[Area] = []
    for ids in in_batches(area.id for area in shown):
        query = select(Area).where(Area.id.in_(ids), Area.outline.is_not(None)).options(undefer(Area.outline))
        found += session.scalars(query)
    return in_order(found)


def owned_by(organisation_id: str) -> list[Area]:
    """An organisation's very own areas in use."""
    return in_order(
        session.scalars(select(Area).where(Area.organisation_id == organisation_id, Area.retired_at.is_(None)))
    )


def owned_beneath(organisation_id: str) -> list[Area]:
    """The areas of an organisation and everything beneath it."""
    return in_order(
        session.scalars(select(Area).where(Area.organisation_id.in_(organisations.beneath(organisation_id))))
    )


def serving(organisation_id: str, *, near: str | None = None) -> list[Area]:
    """Where a campaign of this organisation may have its conversations: its own areas, those beneath, and those above.

    `near` narrows to what one association's phones need: its municipal organisation's and those above it.
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
    """May a campaign of this organisation have talked there? In retired areas too: a phone may have been away."""
    return organisations.is_beneath(area.organisation_id, organisation_id) or organisations.is_beneath(
        organisation_id, area.organisation_id
    )


def in_order(found: Iterable[Area]) -> list[Area]:
    """Sorted by name as a Swede sorts, then code."""
    return sorted(found, key=lambda area: (i18n.sort_key(area.name), area.code))


# --- import -------------------------------------------------------------------------------------------------


@dataclass
class Change:
    """An area that the file changes: the columns and what they become, `retired_at` too when it comes back."""

    area: Area
    feature: geojson.Feature
    values: dict[str, Any]


@dataclass
class Plan:
    """What an import would do. Nothing is done while there are problems."""

    organisation: Organisation
    reading: geojson.Reading
    added: list[geojson.Feature] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: list[Area] = field(default_factory=list)

    @property
    def problems(self) -> list[geojson.Problem]:
        """What is wrong with the file."""
        return self.reading.problems

    @property
    def mark(self) -> str:
        """Differs whenever the same file would do something else, since somebody has changed the areas meanwhile."""
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
    """Compare a GeoJSON file with what the organisation has. `housing` is for areas where nobody has said."""
    reading = geojson.read(content, code_field=code_field or None, name_field=name_field or None)
    return compare(organisation, reading, housing=housing)


def compare(organisation: Organisation, reading: geojson.Reading, *, housing: str = "") -> Plan:
    """As plan_import, for a file that has been read. An area is known again by its code."""
    plan = Plan(organisation, reading)
    query = select(Area).where(Area.organisation_id == organisation.id).options(undefer(Area.outline))
    known = {area.code: area for area in session.scalars(query)}
    for feature in reading.features:
        if not reading.fields["code"]:
            # A single outline without a code: not the same ground as the last one that came so.
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
    """Do what the plan says. Raises Refused while it has problems: all of a file or nothing of it."""
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
    """Keep what was read until its preview is confirmed; forgotten drafts are cleared away."""
    session.execute(delete(Draft).where(Draft.created_at < clock.now() - DRAFT_TIME))
    content = {"features": [asdict(feature) for feature in plan.reading.features], "fields": plan.reading.fields}
    draft = Draft(
        organisation_id=plan.organisation.id, person_id=by.id, choices=choices, content=json.dumps(content).encode()
    )
    session.add(draft)
    session.flush()
    return draft


def draft(draft_id: str, *, of: Person) -> Draft | None:
    """The person's own waiting file."""
    return session.scalar(select(Draft).where(Draft.id == draft_id, Draft.person_id == of.id))


def discard(draft: Draft) -> None:
    """Never mind that file."""
    session.delete(draft)


def spend(draft: Draft) -> None:
    """It has been carried out: forget what was read, remember that it was, for whoever taps twice."""
    draft.content = b""


def _imported(feature: geojson.Feature, housing: str, area: Area | None) -> dict[str, Any]:
    """The columns that a file decides. What it does not speak of is left as it was."""
    values: dict[str, Any] = {"outline": json.dumps(feature.geometry, separators=(",", ":"))}
    # Without a name a feature goes by its code: no reason to forget what people call the area.
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
    """The feature under the code of the area that has this very outline, else under the next free number."""
    outline = _imported(feature, "", None)["outline"]
    same = next((area for area in known.values() if area.outline == outline), None)
    if same is not None:
        return replace(feature, code=same.code, name=same.name)
    code = _next_code(known)
    return replace(feature, code=code, name=_("Område %(number)s", number=code))


def _next_code(taken: Container[str]) -> str:
    return next(str(number) for number in count(1) if str(number) not in taken)


def _checked(
    organisation: Organisation, name: str, code: str, housing: str, households: int | None, area: Area | None
) -> dict[str, Any]:
    errors = {}
    name, code = " ".join(name.split()), code.strip()
    taken = {
        known.code
        for known in session.scalars(select(Area).where(Area.organisation_id == organisation.id))
        if known is not area
    }
    if not name:
        errors["name"] = _("Ge området ett namn.")
    elif len(name) > 120:
        errors["name"] = _("Namnet får ha högst 120 tecken.")
    if not code:
        code = _next_code(taken)
    elif len(code) > 40:
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
