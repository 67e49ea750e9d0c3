"""How Alembic reaches the app's own engine and tables. Started by flask-migrate, in an app context."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from canvass.core.db import Base, Id, UtcDateTime, db


def plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our types as the columns they are, so that a migration never depends on what the code says later."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Id):
        return "sa.String(length=36)"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations in one transaction, on SQLite too: a failed one leaves the old schema and the old rows."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=plain_types,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            refuse_orphans(connection)
    connection.commit()


def refuse_orphans(connection: Connection) -> None:
    """Raise RuntimeError when rows refer to others that are not there: nothing has checked it meanwhile."""
    orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
    if orphans:
        tables = ", ".join(sorted({f"{row[0]} to {row[2]}" for row in orphans}))
        raise RuntimeError(f"The migration would leave rows that refer to nothing, from {tables}. It was undone.")


with db.engine.connect() as connection:
    # SQLite changes a table by copying it to another and dropping the first, which foreign keys forbid while rows refer
    # to it. The switch has no effect in a transaction, so it is set on the driver's connection before one begins.
    driver: Any = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        driver.execute("PRAGMA foreign_keys=OFF")
    try:
        migrate(connection)
    finally:
        if is_sqlite:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys=ON")
