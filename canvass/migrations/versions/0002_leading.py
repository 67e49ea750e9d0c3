"""leading: shifts, late reports, earlier years, walls, targets by area; counters by hour, shift and visit"""

from collections import Counter
from datetime import UTC
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "earlier_imports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.String(length=36), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["persons.id"], name=op.f("fk_earlier_imports_created_by_id_persons")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_earlier_imports_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_imports")),
    )
    with op.batch_alter_table("earlier_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_earlier_imports_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "late_reports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by_id", sa.String(length=36), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_late_reports_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["persons.id"], name=op.f("fk_late_reports_entered_by_id_persons")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_late_reports_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_reports")),
    )
    with op.batch_alter_table("late_reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_late_reports_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_late_reports_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "odd_days",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["answered_by_id"], ["persons.id"], name=op.f("fk_odd_days_answered_by_id_persons")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_odd_days_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_odd_days_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_odd_days")),
        sa.UniqueConstraint(
            "campaign_id",
            "organisation_id",
            "day",
            "channel",
            "kind",
            name=op.f("uq_odd_days_campaign_id_organisation_id_day_channel_kind"),
        ),
    )
    with op.batch_alter_table("odd_days", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_odd_days_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "shifts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("leader_id", sa.String(length=36), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_shifts_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["leader_id"], ["persons.id"], name=op.f("fk_shifts_leader_id_persons")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_shifts_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shifts_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shifts_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shifts_starts_at"), ["starts_at"], unique=False)

    op.create_table(
        "trainings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("noted_by_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["noted_by_id"], ["persons.id"], name=op.f("fk_trainings_noted_by_id_persons")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_trainings_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_trainings_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainings")),
        sa.UniqueConstraint("person_id", "organisation_id", name=op.f("uq_trainings_person_id_organisation_id")),
    )
    with op.batch_alter_table("trainings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trainings_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "calendars",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_calendars_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendars_token_hash")),
    )
    with op.batch_alter_table("calendars", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendars_person_id"), ["person_id"], unique=False)

    op.create_table(
        "walls",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.String(length=36), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_walls_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["created_by_id"], ["persons.id"], name=op.f("fk_walls_created_by_id_persons")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_walls_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walls")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_walls_token_hash")),
    )
    with op.batch_alter_table("walls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_walls_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_walls_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "earlier_results",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["earlier_imports.id"], name=op.f("fk_earlier_results_import_id_earlier_imports")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_earlier_results_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_results")),
        sa.UniqueConstraint(
            "import_id",
            "organisation_id",
            "year",
            "channel",
            name=op.f("uq_earlier_results_import_id_organisation_id_year_channel"),
        ),
    )
    with op.batch_alter_table("earlier_results", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_earlier_results_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "shift_areas",
        sa.Column("shift_id", sa.String(length=36), nullable=False),
        sa.Column("area_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_shift_areas_area_id_areas")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_areas_shift_id_shifts")),
        sa.PrimaryKeyConstraint("shift_id", "area_id", name=op.f("pk_shift_areas")),
    )
    with op.batch_alter_table("shift_areas", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shift_areas_area_id"), ["area_id"], unique=False)

    op.create_table(
        "sign_ups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("shift_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_sign_ups_person_id_persons")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_sign_ups_shift_id_shifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sa.UniqueConstraint("shift_id", "person_id", name=op.f("uq_sign_ups_shift_id_person_id")),
    )
    with op.batch_alter_table("sign_ups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_ups_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shift_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("late_report_id", sa.String(length=36), nullable=True))
        batch_op.create_index("ix_attempts_campaign_id_happened_at", ["campaign_id", "happened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempts_late_report_id"), ["late_report_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_attempts_late_report_id_late_reports"), "late_reports", ["late_report_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_attempts_shift_id_shifts"), "shifts", ["shift_id"], ["id"])

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rhythm", sa.String(length=20), nullable=False, server_default="even"))
        batch_op.add_column(sa.Column("advice", sa.JSON(), nullable=False, server_default="{}"))

    with op.batch_alter_table("installations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shift_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("shift_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_installations_shift_id"), ["shift_id"], unique=False)

    with op.batch_alter_table("join_links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shift_id", sa.String(length=36), nullable=True))
        batch_op.create_index(batch_op.f("ix_join_links_shift_id"), ["shift_id"], unique=False)

    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("members", sa.Integer(), nullable=True))

    with op.batch_alter_table("tallies", schema=None) as batch_op:
        batch_op.alter_column(
            "key", existing_type=sa.VARCHAR(length=36), type_=sa.String(length=60), existing_nullable=False
        )
    op.create_index(
        "ix_tallies_key",
        "tallies",
        ["key"],
        sqlite_where=sa.text("dimension = 'shift'"),
        postgresql_where=sa.text("dimension = 'shift'"),
    )

    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("area_id", sa.String(length=36), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("note", sa.String(length=200), nullable=False, server_default=""))
        batch_op.drop_constraint(batch_op.f("uq_targets_campaign_id_organisation_id_revision"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_targets_campaign_id_organisation_id_area_id_revision"),
            ["campaign_id", "organisation_id", "area_id", "revision"],
        )

    count_hours_and_visits()


def downgrade() -> None:
    op.execute("DELETE FROM tallies WHERE dimension IN ('hour', 'shift', 'visit')")
    op.execute("DELETE FROM targets WHERE area_id <> ''")
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_targets_campaign_id_organisation_id_area_id_revision"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_targets_campaign_id_organisation_id_revision"),
            ["campaign_id", "organisation_id", "revision"],
        )
        batch_op.drop_column("note")
        batch_op.drop_column("area_id")

    op.drop_index("ix_tallies_key", "tallies")
    with op.batch_alter_table("tallies", schema=None) as batch_op:
        batch_op.alter_column(
            "key", existing_type=sa.String(length=60), type_=sa.VARCHAR(length=36), existing_nullable=False
        )

    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.drop_column("members")

    with op.batch_alter_table("join_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_join_links_shift_id"))
        batch_op.drop_column("shift_id")

    with op.batch_alter_table("installations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_installations_shift_id"))
        batch_op.drop_column("shift_since")
        batch_op.drop_column("shift_id")

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_column("advice")
        batch_op.drop_column("rhythm")

    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_attempts_shift_id_shifts"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_attempts_late_report_id_late_reports"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_attempts_late_report_id"))
        batch_op.drop_index("ix_attempts_campaign_id_happened_at")
        batch_op.drop_column("late_report_id")
        batch_op.drop_column("shift_id")

    with op.batch_alter_table("sign_ups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_ups_person_id"))

    op.drop_table("sign_ups")
    with op.batch_alter_table("shift_areas", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shift_areas_area_id"))

    op.drop_table("shift_areas")
    with op.batch_alter_table("earlier_results", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_earlier_results_organisation_id"))

    op.drop_table("earlier_results")
    with op.batch_alter_table("walls", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_walls_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_walls_campaign_id"))

    op.drop_table("walls")
    with op.batch_alter_table("calendars", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_calendars_person_id"))

    op.drop_table("calendars")
    with op.batch_alter_table("trainings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trainings_organisation_id"))

    op.drop_table("trainings")
    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shifts_starts_at"))
        batch_op.drop_index(batch_op.f("ix_shifts_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_shifts_campaign_id"))

    op.drop_table("shifts")
    with op.batch_alter_table("odd_days", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_odd_days_organisation_id"))

    op.drop_table("odd_days")
    with op.batch_alter_table("late_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_late_reports_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_late_reports_campaign_id"))

    op.drop_table("late_reports")
    with op.batch_alter_table("earlier_imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_earlier_imports_organisation_id"))

    op.drop_table("earlier_imports")


def count_hours_and_visits() -> None:
    """The counters that are new, from the rows there are. Summed by the database, which has as few as hours."""
    connection = op.get_bind()
    keep = sa.text(
        "INSERT INTO tallies (campaign_id, dimension, organisation_id, key, outcome, number)"
        " VALUES (:campaign, :dimension, :organisation, :key, :outcome, :number)"
    )
    attempts = sa.table(
        "attempts",
        *(sa.column(name) for name in ("campaign_id", "organisation_id", "area_id", "channel", "outcome", "number")),
        sa.column("happened_at", sa.DateTime(timezone=True)),
        sa.column("happened_on", sa.Date()),
        sa.column("is_deleted", sa.Boolean()),
    )
    a = attempts.c
    number = sa.func.sum(a.number)
    whose = (a.campaign_id, a.organisation_id, a.outcome)
    counted: Counter[tuple[str, ...]] = Counter()
    hours = sa.select(*whose, a.channel, a.happened_at, number).where(a.is_deleted.is_(False))
    for campaign, organisation, outcome, channel, at, n in connection.execute(
        hours.group_by(*whose, a.channel, a.happened_at)
    ):
        local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo("Europe/Stockholm"))
        counted[campaign, "hour", organisation, f"{channel}-{local.weekday()}-{local.hour}", outcome] += n
    visits = sa.select(*whose, a.area_id, a.happened_on, number).where(a.is_deleted.is_(False), a.area_id.is_not(None))
    for campaign, organisation, outcome, area, day, n in connection.execute(
        visits.group_by(*whose, a.area_id, a.happened_on)
    ):
        counted[campaign, "visit", organisation, f"{area}:{day.isoformat()}", outcome] += n
    names = ("campaign", "dimension", "organisation", "key", "outcome")
    rows = [{**dict(zip(names, cell, strict=True)), "number": int(n)} for cell, n in counted.items() if n]
    if rows:
        connection.execute(keep, rows)
