"""add level records: which record a level, or the level of a day, comes from

Revision ID: add_level_records
Revises: add_unread_invoice
"""

import sqlalchemy as sa
from alembic import op

revision = "add_level_records"
down_revision = "add_unread_invoice"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("workspace_usage", "client_level"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("record_id", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("usage_day") as batch:
        batch.add_column(sa.Column("measured_at", TIME, nullable=True))
        batch.add_column(sa.Column("record_id", sa.BigInteger(), nullable=True))
    op.create_index(
        op.f("ix_usage_day_workspace_id_resource_id_day"), "usage_day", ["workspace_id", "resource_id", "day"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_usage_day_workspace_id_resource_id_day"), "usage_day")
    with op.batch_alter_table("usage_day") as batch:
        batch.drop_column("record_id")
        batch.drop_column("measured_at")
    for table in ("client_level", "workspace_usage"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("record_id")
