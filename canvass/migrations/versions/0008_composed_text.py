"""composed text: å is one character in everything that people have named or written, however it came in"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None

WRITTEN = {
    "areas": ["code", "name"],
    "campaigns": ["name", "script"],
    "organisations": ["name", "code"],
    "persons": ["name", "email"],
    "shifts": ["place", "script", "points"],
    "targets": ["note"],
    "tickets": ["note"],
    "topics": ["name"],
    "walls": ["name"],
}


def upgrade() -> None:
    connection = op.get_bind()
    for name, columns in WRITTEN.items():
        table = sa.table(name, sa.column("id"), *map(sa.column, columns))
        for row in connection.execute(sa.select(table)).mappings().all():
            composed = {
                column: text
                for column in columns
                if row[column] and (text := unicodedata.normalize("NFC", row[column])) != row[column]
            }
            for column, text in composed.items():
                _write(connection, table, row["id"], column, text)


def downgrade() -> None:
    """Both spellings are read."""


def _write(connection: sa.Connection, table: sa.TableClause, id_: str, column: str, text: str) -> None:
    try:
        with connection.begin_nested():
            connection.execute(sa.update(table).where(table.c.id == id_).values({column: text}))
    except sa.exc.IntegrityError:
        # The other spelling is there as well, such as an area that was imported twice: both stay as they are, since
        # each has counts of its own. Whoever leads can tell them apart and take one out of use.
        pass
