"""How Alembic reaches the app's own engine and tables. Started by flask-migrate, in an app context."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from canvass.core.db import Base, Id, UtcDateTime, db


def plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our types as the columns they are, so that a migration never depends on what the code says later."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Id):
        return "sa.String(length=36)"
    return False


# One transaction for a whole upgrade, on SQLite too: a failed one leaves the old schema.
with db.engine.connect() as connection:
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
    connection.commit()
