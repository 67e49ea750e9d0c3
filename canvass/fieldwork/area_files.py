"""Areas from a file of outlines: what it would change, kept until somebody confirms it."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import JSON, ForeignKey, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, undefer

from canvass.core import audit, clock, geojson
from canvass.core.db import Base, Id, let_go, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import areas
from canvass.fieldwork.areas import Area
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# How long an uploaded file may wait for its preview to be confirmed.
DRAFT_TIME = timedelta(hours=24)


class Draft(Base):
    """An uploaded file between its preview and its confirmation."""

    __tablename__ = "area_drafts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    # What was read, as JSON: smaller than the file, and it is read once only. While `asks` says that somebody has to
    # choose something first, it is the file itself, compressed. Empty when carried out.
    content: Mapped[bytes] = mapped_column(LargeBinary)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_spent(self) -> bool:
        """Whether it has been carried out."""
        return not self.content

    @property
    def asks(self) -> str:
        """What has to be chosen before the file can be read: fields, layer, or "" for nothing."""
        return str(self.choices.get("asks", ""))

    @property
    def file(self) -> bytes:
        """The file, while something has to be chosen."""
        return zlib.decompress(self.content)

    @property
    def reading(self) -> geojson.Reading:
        """The file as it was read. Decoding a large one takes long, so it ends the transaction."""
        content = self.content
        let_go()
        return msgspec.json.decode(content, type=geojson.Reading)


@dataclass
class Change:
    """An area that the file changes: the columns with their new values. `retired_at` becomes None if it was set."""

    area: Area
    feature: geojson.Feature
    values: dict[str, Any]


@dataclass
class Plan:
    """What an import would do. What the file's problems are about is left out of it."""

    organisation: Organisation
    reading: geojson.Reading
    added: list[geojson.Feature] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: list[Area] = field(default_factory=list)
    # How many areas were recognised although their codes have lost or regained leading zeros.
    without_zeros: int = 0

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
    """Read a file of outlines and compare it with the organisation's areas.

    `housing` is given to those areas of the file that would have none.
    """
    reading = geojson.read(content, code_field=code_field or None, name_field=name_field or None)
    return compare(organisation, reading, housing=housing)


def compare(organisation: Organisation, reading: geojson.Reading, *, housing: str = "") -> Plan:
    """The same for a file that has been read. Areas are recognised by their codes."""
    plan = Plan(organisation, reading)
    query = select(Area).where(Area.organisation_id == organisation.id).options(undefer(Area.outline))
    known = {area.code: area for area in session.scalars(query)}
    bare = _by_bare_code(known, {feature.code for feature in reading.features})
    for feature in reading.features:
        if not reading.fields["code"]:
            # A single outline without a code. Two that were drawn one after the other are two areas.
            feature = _numbered(feature, known)
        area = known.get(feature.code) or bare.get(_bare(feature.code))
        if area is None:
            plan.added.append(feature)
            continue
        values = _imported(feature, housing, area)
        plan.without_zeros += area.code != feature.code
        values = {column: value for column, value in values.items() if getattr(area, column) != value}
        if area.retired_at:
            values["retired_at"] = None
        if values:
            plan.changed.append(Change(area, feature, values))
        else:
            plan.unchanged.append(area)
    plan.added.sort(key=lambda feature: areas.place_in_list(feature.name, feature.code))
    plan.changed.sort(key=lambda change: areas.place_in_list(change.area.name, change.area.code))
    plan.unchanged = areas.in_order(plan.unchanged)
    return plan


def carry_out(plan: Plan, *, housing: str = "", skips_faulty: bool = False, by: Person | None = None) -> None:
    """Add and change the plan's areas. Raises Refused if it has problems, unless these are to be left out."""
    if plan.problems and not skips_faulty:
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
        left_out=len(plan.problems),
    )


def keep_draft(plan: Plan, choices: dict[str, Any], *, by: Person) -> Draft:
    """Keep what was read until its preview is confirmed. Deletes drafts older than DRAFT_TIME."""
    return _kept(plan.organisation.id, lambda: msgspec.json.encode(plan.reading), choices, by)


def keep_file(
    organisation: Organisation, content: bytes, asking: geojson.Reading, choices: dict[str, Any], *, by: Person
) -> Draft:
    """Keep a file until somebody has chosen what `asking` asks for. Deletes drafts older than DRAFT_TIME."""
    asked = {"asks": asking.asks, "offers": asking.choices}
    return _kept(organisation.id, lambda: zlib.compress(content, 1), {**choices, **asked}, by)


def _kept(organisation_id: str, make: Callable[[], bytes], choices: dict[str, Any], by: Person) -> Draft:
    content = make()  # before anything is asked of the database: a large file takes long
    session.execute(delete(Draft).where(Draft.created_at < clock.now() - DRAFT_TIME))
    draft = Draft(organisation_id=organisation_id, person_id=by.id, choices=choices, content=content)
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


def _by_bare_code(known: dict[str, Area], written: set[str]) -> dict[str, Area]:
    """The areas by code without leading zeros, where no other has the same and the file does not have their code."""
    found: dict[str, list[Area]] = {}
    for area in known.values():
        found.setdefault(_bare(area.code), []).append(area)
    return {code: some[0] for code, some in found.items() if len(some) == 1 and some[0].code not in written}


def _bare(code: str) -> str:
    """The code as a spreadsheet leaves it that takes it for a number."""
    number = re.fullmatch(r"0*([0-9]+)([.,]0+)?", code)
    return number[1] if number else code


def _imported(feature: geojson.Feature, housing: str, area: Area | None) -> dict[str, Any]:
    """The columns that a feature decides; `area` is the one it changes. Columns it says nothing about are left out."""
    values: dict[str, Any] = {"outline": json.dumps(feature.geometry, separators=(",", ":"))}
    if area is not None and len(feature.code) > len(area.code) and feature.code.isdigit():
        values["code"] = feature.code  # with the zeros that it had lost
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
    code = areas.next_code(known)
    return replace(feature, code=code, name=_("Område %(number)s", number=code))
