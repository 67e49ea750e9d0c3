"""The tree: the party, its districts, their municipal organisations, and the associations in each."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, aliased, mapped_column

from canvass import audit, clock, i18n
from canvass.db import Base, Id, new_id, session
from canvass.i18n import gettext as _

# From the top down; an organisation stands beneath one of a higher level.
KINDS = ("national", "district", "municipal", "association")
REFERENCE = Path(__file__).parent / "reference" / "municipalities.csv"


class Organisation(Base):
    """A node of the tree. `code` is the municipality's four digits where there are any."""

    __tablename__ = "organisations"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    parent_id: Mapped[str | None] = mapped_column(Id, ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Refused(ValueError):
    """The tree cannot be changed so; the message is a sentence for the person who asked."""


def kind_name(kind: str) -> str:
    """What a level is called in the interface."""
    return {
        "national": _("Parti"),
        "district": _("Partidistrikt"),
        "municipal": _("Arbetarekommun"),
        "association": _("S-förening"),
    }[kind]


def beneath(organisation_id: str) -> Select[tuple[str]]:
    """The ids of the organisation itself and everything under it, as a query to use inside another."""
    return beneath_any([organisation_id])


def beneath_any(organisation_ids: Iterable[str]) -> Select[tuple[str]]:
    """As beneath, for several at once; nothing for none."""
    tree = select(Organisation.id).where(Organisation.id.in_(list(organisation_ids))).cte("beneath", recursive=True)
    child = aliased(Organisation)
    # UNION, not UNION ALL: a circle made by hand in the database must not hang the server.
    tree = tree.union(select(child.id).join(tree, child.parent_id == tree.c.id))
    return select(tree.c.id)


def above(organisation_id: str) -> list[Organisation]:
    """The organisation itself, then its parent, up to the root."""
    line: list[Organisation] = []
    node = session.get(Organisation, organisation_id)
    while node is not None and node not in line:
        line.append(node)
        node = session.get(Organisation, node.parent_id) if node.parent_id else None
    return line


def is_beneath(organisation_id: str, top_id: str) -> bool:
    """Is the organisation the top itself, or somewhere under it?"""
    return any(node.id == top_id for node in above(organisation_id))


def children(organisation_id: str | None) -> list[Organisation]:
    """Those directly beneath, in Swedish alphabetical order; the roots for None."""
    found = session.scalars(select(Organisation).where(Organisation.parent_id == organisation_id))
    return in_order(found)


def tree(top_ids: Iterable[str]) -> list[tuple[int, Organisation]]:
    """Everything beneath the tops, each below its parent, with its depth from the top."""
    rows = list(session.scalars(select(Organisation).where(Organisation.id.in_(beneath_any(top_ids)))))
    here = {row.id for row in rows}
    by_parent: dict[str | None, list[Organisation]] = {}
    for row in rows:
        by_parent.setdefault(row.parent_id if row.parent_id in here else None, []).append(row)
    lines: list[tuple[int, Organisation]] = []

    def walk(parent_id: str | None, depth: int) -> None:
        for node in in_order(by_parent.get(parent_id, [])):
            lines.append((depth, node))
            walk(node.id, depth + 1)

    walk(None, 0)
    return lines


def municipal_of(organisation_id: str) -> Organisation | None:
    """The municipal organisation that this one is or belongs to, None above that level."""
    return next((node for node in above(organisation_id) if node.kind == "municipal"), None)


def add(kind: str, name: str, parent: Organisation | None, *, code: str = "", by: str | None = None) -> Organisation:
    """Put a new organisation beneath `parent`. Raises Refused."""
    name = _checked_name(name)
    if kind not in KINDS:
        raise Refused(_("Välj en nivå."))
    _check_place(kind, name, parent)
    organisation = Organisation(kind=kind, name=name, parent_id=parent.id if parent else None, code=code)
    session.add(organisation)
    session.flush()
    audit.record("organisation.add", person_id=by, organisation_id=organisation.id, kind=kind, name=name)
    return organisation


def rename(organisation: Organisation, name: str, *, by: str | None = None) -> None:
    """Give it another name. Raises Refused."""
    name = _checked_name(name)
    if name == organisation.name:
        return
    parent = session.get(Organisation, organisation.parent_id) if organisation.parent_id else None
    _check_place(organisation.kind, name, parent)
    audit.record("organisation.rename", person_id=by, organisation_id=organisation.id, before=organisation.name, after=name)
    organisation.name = name


def move(organisation: Organisation, parent: Organisation | None, *, by: str | None = None) -> None:
    """Put it, and all beneath it, under another parent. Counts follow, since they are kept at the leaves. Raises Refused."""
    if parent is not None and is_beneath(parent.id, organisation.id):
        raise Refused(_("En organisation kan inte ligga under sig själv."))
    if (parent.id if parent else None) == organisation.parent_id:
        return
    _check_place(organisation.kind, organisation.name, parent)
    audit.record(
        "organisation.move",
        person_id=by,
        organisation_id=organisation.id,
        before=organisation.parent_id,
        after=parent.id if parent else None,
    )
    organisation.parent_id = parent.id if parent else None
    session.flush()


def import_sweden(beneath: Organisation | None = None, *, by: str | None = None) -> dict[str, int]:
    """Add the districts and municipal organisations of Sweden that are missing, from the shipped list.

    `beneath` says where to start: nothing or the party gives all of Sweden, a district its own municipal
    organisations, a municipal organisation just its code. Returns how many were added by kind. Raises Refused.
    """
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    added = {"national": 0, "district": 0, "municipal": 0}
    if beneath is not None and beneath.kind in ("municipal", "association"):
        raise Refused(_("Distrikt och arbetarekommuner kan bara läggas under partiet eller ett partidistrikt."))
    if beneath is None:
        beneath = session.scalar(select(Organisation).where(Organisation.kind == "national"))
    if beneath is None:
        beneath = add("national", _("Partiet"), None, by=by)
        added["national"] += 1
        for orphan in session.scalars(select(Organisation).where(Organisation.kind == "district", Organisation.parent_id.is_(None))):
            move(orphan, beneath, by=by)
    if beneath.kind == "district":
        district_name = _district_named(beneath.name, {row["party_district"] for row in rows})
        rows = [row for row in rows if row["party_district"] == district_name]
    for row in rows:
        district = beneath
        if beneath.kind == "national":
            district, is_new = _found_or_added("district", row["party_district"], "", beneath, by)
            added["district"] += is_new
        _found, is_new = _found_or_added("municipal", row["name"], row["code"], district, by)
        added["municipal"] += is_new
    return added


def in_order(organisations: Iterable[Organisation]) -> list[Organisation]:
    """Sorted as a Swede sorts."""
    return sorted(organisations, key=lambda organisation: i18n.sort_key(organisation.name))


def _found_or_added(kind: str, name: str, code: str, parent: Organisation, by: str | None) -> tuple[Organisation, bool]:
    """The organisation with this code, else this name, wherever a person has already put it; else a new one."""
    query = select(Organisation).where(Organisation.kind == kind)
    query = query.where(Organisation.code == code) if code else query.where(Organisation.name == name)
    known = session.scalar(query)
    if known is None and code:
        known = session.scalar(
            select(Organisation).where(Organisation.kind == kind, Organisation.name.in_([name, f"{name}s arbetarekommun"]))
        )
    if known is None:
        return add(kind, name, parent, code=code, by=by), True
    known.code = known.code or code
    if known.parent_id is None:
        move(known, parent, by=by)
    return known, False


def _district_named(name: str, districts: Iterable[str]) -> str:
    """The district that a name such as "Socialdemokraterna i Östergötland" speaks of. Raises Refused."""
    # The longest first: "Stockholms län" is not "Stockholm", nor "Göteborgsområdet" "Göteborg".
    for district in sorted(districts, key=len, reverse=True):
        if district.casefold() in name.casefold():
            return district
    raise Refused(_("%(name)s finns inte bland de 26 partidistrikten.", name=name))


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Skriv ett namn."))
    if len(name) > 120:
        raise Refused(_("Namnet får ha högst 120 tecken."))
    return name


def _check_place(kind: str, name: str, parent: Organisation | None) -> None:
    if parent is not None and KINDS.index(parent.kind) >= KINDS.index(kind):
        raise Refused(_("%(child)s kan inte ligga under %(parent)s.", child=kind_name(kind), parent=kind_name(parent.kind)))
    taken = select(Organisation.id).where(Organisation.parent_id == (parent.id if parent else None), Organisation.name == name)
    if session.scalar(taken):
        raise Refused(_("Det finns redan en organisation som heter %(name)s här.", name=name))
