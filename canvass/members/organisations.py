"""The tree of organisations: the party, its districts, municipal organisations and associations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CTE, ForeignKey, Index, Select, String, UniqueConstraint, bindparam, event, inspect, select, text
from sqlalchemy.orm import Mapped, QueryContext, aliased, mapped_column
from sqlalchemy.orm.util import identity_key

from canvass.core import audit, clock, i18n, texts
from canvass.core.db import Base, Id, among, built_once, new_id, rows, rows_of, session, table
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused

# From the top down: an organisation's parent is of an earlier kind.
KINDS = ("national", "district", "municipal", "association")
# Kinds too large for lists of single areas and shifts.
ABOVE_MUNICIPAL = ("national", "district")
MOST_MEMBERS = 1_000_000


class Organisation(Base):
    """A node of the tree. `code` is the official code of its municipality, "" where there is none."""

    __tablename__ = "organisations"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        # Those at the top, to which the key above does not apply: NULL equals nothing.
        Index(
            "uq_organisations_name",
            "name",
            unique=True,
            sqlite_where=text("parent_id IS NULL"),
            postgresql_where=text("parent_id IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    parent_id: Mapped[str | None] = mapped_column(Id, ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(20), default="")
    # How many members it has, if that has been entered; targets can be divided in proportion.
    members: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


@event.listens_for(Organisation, "load")
def _keep(organisation: Organisation, context: QueryContext) -> None:
    """Keep what a session has loaded until the session ends.

    It refers to its objects weakly, so a request that asks for the same line several times would read it several times.
    """
    context.session.info.setdefault("organisations", set()).add(organisation)


def kind_name(kind: str) -> str:
    """Return what a kind is called in the interface."""
    return {
        "national": _("Parti"),
        "district": _("Partidistrikt"),
        "municipal": _("Arbetarekommun"),
        "association": _("S-förening"),
    }[kind]


def kinds_beneath(kind: str) -> tuple[str, ...]:
    """Return the kinds that may be placed beneath this one, the nearest first."""
    return KINDS[KINDS.index(kind) + 1 :]


def beneath(organisation_id: str) -> Select[str]:
    """Return a query, for use inside another, for the ids of the organisation and everything beneath it."""
    return beneath_any([organisation_id])


def beneath_any(organisation_ids: Iterable[str]) -> Select[str]:
    """Return the same for several organisations at once; a query that finds nothing for none."""
    return _beneath(tuple(organisation_ids))


@built_once
def _beneath(organisation_ids: tuple[str, ...]) -> Select[str]:
    tree = select(Organisation.id).where(Organisation.id.in_(organisation_ids)).cte("beneath", recursive=True)
    child = aliased(Organisation)
    # UNION, not UNION ALL: a cycle made by hand in the database must not hang the server.
    tree = tree.union(select(child.id).join(tree, child.parent_id == tree.c.id))
    return select(tree.c.id)


# Every organisation at or beneath those whose ids are bound to `tops`, as pairs of the top's id and its own: a part of
# statements that are built once.
TOPS: CTE = (
    select(Organisation.id.label("top"), Organisation.id)
    .where(Organisation.id.in_(bindparam("tops", expanding=True)))
    .cte("tops", recursive=True)
)
_child = aliased(Organisation)
TOPS = TOPS.union(select(TOPS.c.top, _child.id).join(TOPS, _child.parent_id == TOPS.c.id))


def above(organisation_id: str) -> list[Organisation]:
    """Return the organisation itself, then its parent, up to the root; nothing for an unknown id."""
    line: list[Organisation] = []
    node = _get(organisation_id)
    while node is not None and node not in line:
        line.append(node)
        node = _get(node.parent_id) if node.parent_id else None
    return line


def load(organisation_ids: Iterable[str]) -> None:
    """Have the session know these organisations and all above them, so that `above` need not ask for each."""
    unknown = set()
    for id_ in organisation_ids:
        node: str | None = id_
        while node is not None and (known := _known(node)) is not None:
            node = known.parent_id
        if node is not None:
            unknown.add(node)
    if unknown:
        session.scalars(_LINES, {"ids": sorted(unknown)}).all()


def _get(organisation_id: str) -> Organisation | None:
    """Return the organisation; one that the session does not know is loaded with all above it, in one query."""
    known = _known(organisation_id)
    if known is None:
        load([organisation_id])
    return known or session.get(Organisation, organisation_id)


def _known(organisation_id: str) -> Organisation | None:
    """Return the organisation if the session has loaded it."""
    known = session.identity_map.get(identity_key(Organisation, organisation_id))
    return None if known is None or inspect(known).expired else known


def line(organisation_id: str) -> tuple[str, ...]:
    """Return the ids of the organisation, its parent, and so on up to the root; nothing for an unknown id."""
    return tuple(node.id for node in above(organisation_id))


def lines(organisation_ids: Iterable[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Return the line of each of these organisations and of those above them, or of all, with one query."""
    found = rows(_ALL) if organisation_ids is None else rows_of(_UPWARDS, organisation_ids)
    parents: dict[str, str | None] = dict(found)

    def upwards(id_: str) -> tuple[str, ...]:
        found: list[str] = []
        node: str | None = id_
        while node is not None and node not in found:
            found.append(node)
            node = parents.get(node)
        return tuple(found)

    return {id_: upwards(id_) for id_ in parents}


def is_beneath(organisation_id: str, top_id: str) -> bool:
    """Is the organisation `top_id` itself or beneath it?"""
    return any(node.id == top_id for node in above(organisation_id))


def children(organisation_id: str | None) -> list[Organisation]:
    """Return the organisations directly beneath, sorted by name; the roots for None."""
    return in_order(session.scalars(_children(organisation_id)))


@built_once
def _children(organisation_id: str | None) -> Select[Organisation]:
    return select(Organisation).where(Organisation.parent_id == organisation_id)


def tree(top_ids: Iterable[str]) -> list[tuple[int, Organisation]]:
    """Return the tops and everything beneath, each after its parent, with its depth below the top."""
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


def shape() -> list[tuple[str, str | None]]:
    """Return the id of every organisation and of its parent."""
    return [(id_, parent_id) for id_, parent_id in session.execute(select(Organisation.id, Organisation.parent_id))]


def municipal_of(organisation_id: str) -> Organisation | None:
    """Return the municipal organisation that this one is or lies beneath, else None."""
    return next((node for node in above(organisation_id) if node.kind == "municipal"), None)


def add(kind: str, name: str, parent: Organisation | None, *, code: str = "", by: str | None = None) -> Organisation:
    """Add an organisation beneath `parent` and return it. Raises Refused."""
    name = checked(kind, name, parent)
    organisation = Organisation(kind=kind, name=name, parent_id=parent.id if parent else None, code=code)
    session.add(organisation)
    session.flush()
    audit.record("organisation.add", person_id=by, organisation_id=organisation.id, kind=kind, name=name)
    return organisation


def checked(kind: str, name: str, parent: Organisation | None) -> str:
    """Return the name without superfluous spaces. Raises Refused unless such an organisation may be added there."""
    name = _checked_name(name)
    if kind not in KINDS:
        raise Refused({"kind": _("Välj en nivå.")})
    _check_place(kind, name, parent)
    return name


def rename(organisation: Organisation, name: str, *, by: str | None = None) -> None:
    """Change the organisation's name. Raises Refused."""
    name = _checked_name(name)
    if name == organisation.name:
        return
    parent = session.get(Organisation, organisation.parent_id) if organisation.parent_id else None
    _check_place(organisation.kind, name, parent)
    audit.record(
        "organisation.rename", person_id=by, organisation_id=organisation.id, before=organisation.name, after=name
    )
    organisation.name = name


def change_kind(organisation: Organisation, kind: str, *, by: str | None = None) -> None:
    """Change the organisation's level, which has to fit between those above and beneath it. Raises Refused."""
    if kind not in KINDS:
        raise Refused({"level": _("Välj en nivå.")})
    if kind == organisation.kind:
        return
    if kind not in kinds_to_change_to(organisation):
        raise Refused({"level": _("Nivån passar inte mellan det som ligger över och under.")})
    audit.record(
        "organisation.kind", person_id=by, organisation_id=organisation.id, before=organisation.kind, after=kind
    )
    organisation.kind = kind


def kinds_to_change_to(organisation: Organisation) -> tuple[str, ...]:
    """Return the levels that fit between the organisation above this one and those directly beneath it."""
    above_it = session.get(Organisation, organisation.parent_id) if organisation.parent_id else None
    first = KINDS.index(above_it.kind) + 1 if above_it else 0
    last = min((KINDS.index(child.kind) for child in children(organisation.id)), default=len(KINDS))
    return KINDS[first:last]


def set_members(organisation: Organisation, number: int | None, *, by: str | None = None) -> None:
    """Set how many members it has, None for unknown. Raises Refused."""
    if number is not None and not 0 <= number <= MOST_MEMBERS:
        raise Refused({"members": _("Antalet medlemmar ska vara ett heltal mellan 0 och 1 miljon.")})
    if number == organisation.members:
        return
    audit.record(
        "organisation.members",
        person_id=by,
        organisation_id=organisation.id,
        before=organisation.members,
        after=number,
    )
    organisation.members = number


def move(organisation: Organisation, parent: Organisation | None, *, by: str | None = None) -> None:
    """Move the organisation, with all beneath it, to another parent. Counts are per leaf and follow. Raises Refused."""
    if parent is not None and is_beneath(parent.id, organisation.id):
        raise Refused({"parent": _("En organisation kan inte ligga under sig själv.")})
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


def in_order(organisations: Iterable[Organisation]) -> list[Organisation]:
    """Return the organisations sorted by name in Swedish order."""
    return sorted(organisations, key=lambda organisation: i18n.sort_key(organisation.name))


def _checked_name(name: str) -> str:
    name = texts.line(name)
    if not name:
        raise Refused({"name": _("Skriv ett namn.")})
    if len(name) > 120:
        raise Refused({"name": _("Namnet får ha högst 120 tecken.")})
    return name


def _check_place(kind: str, name: str, parent: Organisation | None) -> None:
    if parent is not None and KINDS.index(parent.kind) >= KINDS.index(kind):
        below, above_it = kind_name(kind), kind_name(parent.kind)
        raise Refused({"kind": _("%(child)s kan inte ligga under %(parent)s.", child=below, parent=above_it)})
    taken = select(Organisation.id).where(
        Organisation.parent_id == (parent.id if parent else None), Organisation.name == name
    )
    if session.scalar(taken):
        raise Refused({"name": _("Det finns redan en organisation som heter %(name)s här.", name=name)})


# The organisations whose ids are bound to `ids`, and those above them. Built once, as that takes as long as running it.
_TABLE = table(Organisation)
_ALL = select(_TABLE.c.id, _TABLE.c.parent_id)
_UP = _ALL.where(among(_TABLE.c.id)).cte("up", recursive=True)
_UP = _UP.union(_ALL.join(_UP, _TABLE.c.id == _UP.c.parent_id))
_UPWARDS = select(_UP.c.id, _UP.c.parent_id)
_LINES = select(Organisation).where(Organisation.id.in_(select(_UP.c.id)))
