"""create mode usage day: what all clients of a mode use of a resource, by day

Revision ID: create_mode_usage_day
Revises: share_of_limits
"""

import sqlalchemy as sa
from alembic import op

revision = "create_mode_usage_day"
down_revision = "share_of_limits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mode_usage_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("promised", sa.BigInteger(), nullable=False),
        sa.Column("unlimited", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_mode_usage_day_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_usage_day")),
        sa.UniqueConstraint("mode", "resource_id", "day", name=op.f("uq_mode_usage_day_mode_resource_id_day")),
    )


def downgrade() -> None:
    op.drop_table("mode_usage_day")
