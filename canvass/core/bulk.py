"""Writes many rows with one statement that is made ready once.

SQLAlchemy prepares each row's parameters anew, which takes longer than the database needs to write the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, update

from canvass.core.db import connection, note_write

Convert = Callable[[Any], Any]


def write(statement: Any, names: tuple[str, ...], rows: Iterable[Sequence[object]]) -> None:
    """Execute a Core INSERT or UPDATE once per row; `names` are its parameters, in the order of a row's values.

    The statement must be the same object each time, and leave nothing to column defaults. Raises what `execute` raises.
    """
    here = connection()
    text, order, converts = _ready(statement, names, here.dialect)
    values = [list(row) for row in rows]
    if not values:
        return
    for index, convert in converts:
        for row in values:
            row[index] = convert(row[index])
    note_write(here)
    if order is None:
        here.exec_driver_sql(text, [dict(zip(names, row, strict=True)) for row in values])
    else:
        here.exec_driver_sql(text, [tuple([row[index] for index in order]) for row in values])


def replacing(table: Table, names: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """Return the UPDATE that replaces the row with an `id`, and its parameters, for values in the order of `names`."""
    # The names of an update's parameters must differ from the columns'.
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    values = {name: parameter for name, parameter in new.items() if name != "id"}
    return update(table).where(table.c.id == new["id"]).values(values), tuple(f"new_{name}" for name in names)


@lru_cache(maxsize=100)
def _ready(
    statement: Any, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[int] | None, list[tuple[int, Convert]]]:
    """The statement's text, the order of its parameters where they have no names, and which values are converted."""
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    assert sorted(compiled.binds) == sorted(names), "each parameter comes with every row"
    order = None if compiled.positiontup is None else [names.index(name) for name in compiled.positiontup]
    converts = [
        (index, convert)
        for index, name in enumerate(names)
        if (convert := _convert(compiled.binds[name].type, dialect)) is not None
    ]
    return str(compiled), order, converts


def _convert(kind: Any, dialect: Dialect) -> Convert | None:
    """How values of this type become what the driver takes; None when they are that already."""
    found: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    # Rows that are written together have few hours and days among them.
    is_time = issubclass(kind.python_type, date)
    return lru_cache(maxsize=1000)(found) if found is not None and is_time else found
