"""Which schema a database has, and whether this program can use it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

MIGRATIONS = Path(__file__).parents[1] / "migrations"
# Tables of every version, by which a database of this product is told from another's.
SINCE_THE_FIRST = frozenset({"alembic_version", "server_facts", "organisations", "persons", "operations"})


class Foreign(RuntimeError):
    """The database is not one that this program can use; the message says why, and what to do."""


@cache
def _scripts() -> ScriptDirectory:
    settings = Config()
    settings.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    return ScriptDirectory.from_config(settings)


@cache
def head() -> str:
    """Return the revision that this program works with."""
    return str(_scripts().get_current_head())


def revision(connection: Connection, name: str = "The database") -> str | None:
    """Return the revision of a database; None for one without tables. Raises Foreign, which calls it by `name`."""
    tables = set(inspect(connection).get_table_names())
    stamped = "alembic_version" in tables and connection.scalar(text("SELECT version_num FROM alembic_version"))
    return checked(tables, stamped or None, name)


def checked(tables: set[str], stamped: str | None, name: str) -> str | None:
    """Return the revision when these tables are this product's; None when there is none. Raises Foreign."""
    if not tables - {"alembic_version"} and not stamped:
        return None
    if stamped is None or not tables >= SINCE_THE_FIRST:
        raise Foreign(f"{name} holds something else than Canvass: give Canvass a database of its own.")
    if stamped not in {script.revision for script in _scripts().walk_revisions()}:
        raise Foreign(
            f"{name} was made by a newer version of Canvass (its schema is {stamped}, this program knows {head()}). "
            "Use that version, or go back to a backup from before: python3 app.py restore FILE."
        )
    return stamped
