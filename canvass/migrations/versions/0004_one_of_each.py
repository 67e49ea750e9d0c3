"""one of each: keys for join links and organisations at the top; groups of what is held; withdrawn contributions"""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LINKS = {
    "uq_join_links_organisation_id_campaign_id": (
        ["organisation_id", "campaign_id"],
        "shift_id IS NULL AND withdrawn_at IS NULL",
    ),
    "uq_join_links_shift_id": (["shift_id"], "withdrawn_at IS NULL"),
}


def upgrade() -> None:
    _keep_one_link_of_each()
    for name, (columns, where) in LINKS.items():
        op.create_index(
            name, "join_links", columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
    _rename_tops()
    top = sa.text("parent_id IS NULL")
    op.create_index(
        "uq_organisations_name", "organisations", ["name"], unique=True, sqlite_where=top, postgresql_where=top
    )
    _describe_what_is_held()
    _add_withdrawals()


def _keep_one_link_of_each() -> None:
    """Of several links to one campaign or shift keep the one that works longest, the first made of equals."""
    links = sa.table("join_links", *(sa.column(name) for name in ("id", "organisation_id", "campaign_id", "shift_id")))
    query = sa.select(links).where(sa.text("withdrawn_at IS NULL")).order_by(sa.text("expires_at DESC, created_at, id"))
    seen: set[tuple[str, ...]] = set()
    for link in op.get_bind().execute(query).all():
        whose = (link.shift_id,) if link.shift_id else (link.organisation_id, link.campaign_id)
        if whose in seen:
            withdrawn = sa.text("UPDATE join_links SET withdrawn_at = expires_at WHERE id = :id")
            op.get_bind().execute(withdrawn, {"id": link.id})
        seen.add(whose)


def _rename_tops() -> None:
    """Give organisations at the top that have the same name a number each."""
    found = sa.text("SELECT id, name FROM organisations WHERE parent_id IS NULL ORDER BY created_at, id")
    rows = op.get_bind().execute(found).all()
    taken = {name for _id, name in rows}
    seen: set[str] = set()
    for id_, name in rows:
        if name in seen:
            number = next(n for n in range(2, len(rows) + 2) if f"{name[:110]} {n}" not in taken)
            taken.add(f"{name[:110]} {number}")
            renamed = sa.text("UPDATE organisations SET name = :name WHERE id = :id")
            op.get_bind().execute(renamed, {"id": id_, "name": f"{name[:110]} {number}"})
        seen.add(name)


def _describe_what_is_held() -> None:
    op.add_column("quarantine", sa.Column("installation_id", sa.String(length=36), nullable=True))
    op.add_column("quarantine", sa.Column("campaign_id", sa.String(length=36), nullable=True))
    op.add_column("quarantine", sa.Column("evening", sa.Date(), nullable=True))
    held = sa.table(
        "quarantine",
        *(sa.column(name) for name in ("id", "raw", "operation_id", "installation_id", "campaign_id")),
        sa.column("received_at", sa.DateTime(timezone=True)),
        sa.column("evening", sa.Date()),
    )
    bind = op.get_bind()
    known = {row[0] for row in bind.execute(sa.text("SELECT id FROM campaigns"))}
    phones: dict[str, str] = dict(
        iter(
            bind.execute(
                sa.text(
                    "SELECT operations.id, operations.installation_id FROM operations"
                    " JOIN quarantine ON quarantine.operation_id = operations.id"
                )
            )
        )
    )
    changes = [
        {
            "key": row.id,
            "installation": phones.get(row.operation_id),
            "campaign": campaign if (campaign := _campaign(row.raw)) in known else None,
            "day": _day(row.received_at),
        }
        for row in bind.execute(sa.select(held.c.id, held.c.raw, held.c.operation_id, held.c.received_at)).all()
    ]
    if changes:
        bind.execute(
            held.update()
            .where(held.c.id == sa.bindparam("key"))
            .values(
                installation_id=sa.bindparam("installation"),
                campaign_id=sa.bindparam("campaign"),
                evening=sa.bindparam("day"),
            ),
            changes,
        )
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.alter_column("evening", existing_type=sa.Date(), nullable=False)
    undecided = sa.text("decision = ''")
    for column in ("author_id", "installation_id"):
        op.create_index(
            f"ix_quarantine_{column}", "quarantine", [column], sqlite_where=undecided, postgresql_where=undecided
        )


def _campaign(raw: str) -> str | None:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    found = said.get("campaign") if isinstance(said, dict) else None
    return found if isinstance(found, str) else None


def _day(at: datetime) -> object:
    local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo("Europe/Stockholm"))
    return local.date()


def _add_withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("installation_id", sa.String(length=36), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.String(length=36), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_withdrawals_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_withdrawals_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_withdrawals_person_id_persons")),
        sa.ForeignKeyConstraint(["created_by_id"], ["persons.id"], name=op.f("fk_withdrawals_created_by_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
    )
    op.create_index("ix_withdrawals_person_id", "withdrawals", ["person_id"])
    # Added in place: a foreign key would have SQLite copy every attempt.
    op.add_column("attempts", sa.Column("withdrawal_id", sa.String(length=36), nullable=True))
    withdrawn = sa.text("withdrawal_id IS NOT NULL")
    op.create_index(
        "ix_attempts_withdrawal_id",
        "attempts",
        ["withdrawal_id"],
        sqlite_where=withdrawn,
        postgresql_where=withdrawn,
    )


def downgrade() -> None:
    op.drop_index("ix_attempts_withdrawal_id", "attempts")
    op.drop_column("attempts", "withdrawal_id")
    op.drop_table("withdrawals")
    for column in ("author_id", "installation_id"):
        op.drop_index(f"ix_quarantine_{column}", "quarantine")
    with op.batch_alter_table("quarantine") as batch_op:
        for column in ("installation_id", "campaign_id", "evening"):
            batch_op.drop_column(column)
    op.drop_index("uq_organisations_name", "organisations")
    for name in LINKS:
        op.drop_index(name, "join_links")
