"""doubles and removals: people merged into others, and roles taken away that can be given back"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a foreign key: SQLite would have to rebuild the table, which many others refer to.
    op.add_column("persons", sa.Column("merged_into_id", sa.String(length=36), nullable=True))
    op.create_index("ix_persons_merged_into_id", "persons", ["merged_into_id"])
    op.create_table(
        "merges",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("kept_id", sa.String(length=36), nullable=False),
        sa.Column("double_id", sa.String(length=36), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_merges_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["kept_id"], ["persons.id"], name=op.f("fk_merges_kept_id_persons")),
        sa.ForeignKeyConstraint(["double_id"], ["persons.id"], name=op.f("fk_merges_double_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_organisation_id", "merges", ["organisation_id"])
    op.create_index("ix_merges_kept_id", "merges", ["kept_id"])
    op.create_table(
        "removals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_removals_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_removals_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
    )
    op.create_index("ix_removals_person_id", "removals", ["person_id"])
    op.create_index("ix_removals_organisation_id", "removals", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("removals")
    op.drop_table("merges")
    op.drop_index("ix_persons_merged_into_id", "persons")
    op.drop_column("persons", "merged_into_id")
