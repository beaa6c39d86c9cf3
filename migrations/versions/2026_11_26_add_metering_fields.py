"""add metering fields: what metered billing needs of invoices, meters and subscriptions

Revision ID: add_metering_fields
Revises: create_metering
"""

import sqlalchemy as sa
from alembic import op

revision = "add_metering_fields"
down_revision = "create_metering"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("invoice") as batch:
        batch.add_column(sa.Column("automatically_finalizes_at", TIME, nullable=True))
        batch.add_column(sa.Column("period_starts_at", TIME, nullable=True))
        batch.add_column(sa.Column("period_ends_at", TIME, nullable=True))
    with op.batch_alter_table("meter") as batch:
        batch.add_column(sa.Column("event_time_window", sa.String(), nullable=True))
    with op.batch_alter_table("subscription") as batch:
        batch.add_column(sa.Column("billing_mode", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("subscription") as batch:
        batch.drop_column("billing_mode")
    with op.batch_alter_table("meter") as batch:
        batch.drop_column("event_time_window")
    with op.batch_alter_table("invoice") as batch:
        batch.drop_column("period_ends_at")
        batch.drop_column("period_starts_at")
        batch.drop_column("automatically_finalizes_at")
