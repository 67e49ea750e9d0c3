"""days of an organisation: an index that finds its attempts by day, in place of one that finds all of them"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD = ["campaign_id", "organisation_id"]
NEW = [*OLD, "happened_on"]


def upgrade() -> None:
    op.drop_index("ix_attempts_campaign_id_organisation_id", "attempts")
    op.create_index("ix_attempts_campaign_id_organisation_id_happened_on", "attempts", NEW)


def downgrade() -> None:
    op.drop_index("ix_attempts_campaign_id_organisation_id_happened_on", "attempts")
    op.create_index("ix_attempts_campaign_id_organisation_id", "attempts", OLD)
