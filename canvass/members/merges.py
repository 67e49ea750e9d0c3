"""Merges: two records of one person become one. What the double had follows, and all of it goes back when undone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Table, UniqueConstraint, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock
from canvass.core.db import Base, Id, hold, in_batches, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, people, sessions, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person

# What stays the double's own, so that the phones they have been used on are known as before: see Person.merged_into_id.
OWN = ("sessions", "devices", "tickets", "merges", "removals")

# The ids of a person's rows by table and column, written "sign_ups.person_id".
Rows = dict[str, list[str]]


class Merge(Base):
    """A double that was merged into another person."""

    __tablename__ = "merges"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    kept_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    double_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    # The ids of the rows that were moved, as Rows; and the rows of which the other person had one already.
    moved: Mapped[Rows] = mapped_column(JSON)
    dropped: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    merged_at: Mapped[datetime] = mapped_column(default=clock.now)
    undone_at: Mapped[datetime | None]

    double: Mapped[Person] = relationship(foreign_keys=[double_id], lazy="joined", innerjoin=True)


def rows_of(person_id: str) -> Rows:
    """Return the ids of everything that is the person's. It reads whole tables: ask before writing anything."""
    found: Rows = {}
    for table, column in _columns():
        ids = list(session.scalars(select(table.c.id).where(column == person_id)))
        if ids:
            found[f"{table.name}.{column.name}"] = ids
    return found


def merge(kept: Person, double: Person, rows: Rows, organisation: Organisation, *, by: Person) -> Merge:
    """Make `double` a part of `kept`, with the rows that `rows_of` has found. Raises Refused."""
    for person in sorted((kept, double), key=lambda person: person.id):
        hold(person)
    _check(kept, double, by)
    made = Merge(organisation_id=organisation.id, kept_id=kept.id, double=double, moved={}, dropped=[])
    moved, dropped = {}, []
    for (table, column), ids in ((_named(name), ids) for name, ids in rows.items()):
        left = ids
        if _is_unique(table, column):
            left, doubled = _move_singly(table, column, ids, kept)
            dropped += doubled
        else:
            _move(table, column, ids, double.id, kept.id)
        moved[f"{table.name}.{column.name}"] = left
    made.moved, made.dropped = moved, dropped
    double.merged_into_id = kept.id
    tickets.withdraw(double)  # a link that lets the double in must not let anybody in as the other
    if not people.is_plain_volunteer(kept):
        sessions.end_all(double)  # a volunteer's phone must not read what a leader may
    session.add(made)
    session.flush()
    session.expire_all()
    _note("person.merge", made, by)
    return made


def undo(made: Merge, *, by: Person) -> None:
    """Make the double a person of their own again, with what they had. Twice is once. Raises Refused."""
    hold(made)
    kept = session.get_one(Person, made.kept_id)
    if made.undone_at is not None:
        return
    if kept.merged_into_id:
        raise Refused(_("Ångra den senare sammanslagningen först."))
    for name, ids in made.moved.items():
        _move(*_named(name), ids, made.kept_id, made.double_id)
    for row in made.dropped:
        table = Base.metadata.tables[row["table"]]
        if table.name == Membership.__tablename__ and not _has_role(kept, row["row"]):
            continue  # the role was taken away since
        session.execute(insert(table).values({name: _unpacked(value) for name, value in row["row"].items()}))
    made.double.merged_into_id, made.undone_at = None, clock.now()
    session.flush()
    session.expire_all()
    _note("person.merge_undone", made, by)


def of(person: Person) -> list[Merge]:
    """Return the merges into this person that are in effect, the latest first."""
    query = select(Merge).where(Merge.kept_id == person.id, Merge.undone_at.is_(None))
    return list(session.scalars(query.order_by(Merge.merged_at.desc(), Merge.id)))


def _has_role(person: Person, row: dict[str, Any]) -> bool:
    return any((m.organisation_id, m.role) == (row["organisation_id"], row["role"]) for m in person.memberships)


def _check(kept: Person, double: Person, by: Person) -> None:
    if kept.id == double.id:
        raise Refused({"other": _("Välj två olika personer.")})
    if kept.merged_into_id or double.merged_into_id:
        raise Refused({"other": _("De är redan sammanslagna.")})
    if not people.is_plain_volunteer(double):
        raise Refused({"other": _("%(name)s har ett lösenord eller en annan roll än samtalare.", name=double.name)})
    # The double's phones come in as the person who is kept.
    if not people.is_plain_volunteer(kept) and not access.manages(by, kept):
        raise Refused({"other": _("%(name)s har roller som du inte råder över.", name=kept.name)})


def _columns() -> Iterable[tuple[Table, Column[Any]]]:
    """Every column that says which person, in whatever part of the product."""
    persons = Base.metadata.tables[Person.__tablename__]
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            names_a_person = any(key.column.table is persons for key in column.foreign_keys)
            if (names_a_person and table.name not in OWN) or column.name == Person.merged_into_id.key:
                yield table, column


def _named(name: str) -> tuple[Table, Column[Any]]:
    table, _dot, column = name.partition(".")
    return Base.metadata.tables[table], Base.metadata.tables[table].c[column]


def _is_unique(table: Table, column: Column[Any]) -> bool:
    keys = [one.columns for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys += [one.columns for one in table.indexes if one.unique]
    return any(column.name in columns for columns in keys)


def _move(table: Table, column: Column[Any], ids: Iterable[str], before: str, after: str) -> None:
    for some in in_batches(ids):
        session.execute(update(table).where(table.c.id.in_(some), column == before).values({column.name: after}))


def _move_singly(
    table: Table, column: Column[Any], ids: Iterable[str], kept: Person
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the ids of the rows that were moved, and the rows that were deleted since the person has one like it."""
    moved, dropped = [], []
    for id_ in ids:
        try:
            with session.begin_nested():
                session.execute(update(table).where(table.c.id == id_).values({column.name: kept.id}))
            moved.append(id_)
        except IntegrityError:
            row = session.execute(select(table).where(table.c.id == id_)).mappings().one()
            dropped.append({"table": table.name, "row": {name: _packed(value) for name, value in row.items()}})
            session.execute(delete(table).where(table.c.id == id_))
    return moved, dropped


def _packed(value: Any) -> Any:
    """The value as JSON can have it."""
    if isinstance(value, datetime):
        return {"at": clock.text(value)}
    return {"on": value.isoformat()} if isinstance(value, date) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict) and "at" in value:
        return datetime.fromisoformat(value["at"])
    return date.fromisoformat(value["on"]) if isinstance(value, dict) and "on" in value else value


def _note(action: str, made: Merge, by: Person) -> None:
    audit.record(
        action, person_id=by.id, organisation_id=made.organisation_id, kept=made.kept_id, double=made.double_id
    )
