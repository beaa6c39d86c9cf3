"""add what was wrong with webhook endpoints and event destinations, and messages with a wrong signature

Revision ID: add_registration_history
Revises: set_selling_mode
"""

import sqlalchemy as sa
from alembic import op

revision = "add_registration_history"
down_revision = "set_selling_mode"
branch_labels = None
depends_on = None

TABLES = ("webhook_endpoint", "event_destination")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("repaired", sa.JSON(), nullable=False, server_default="{}"))
            batch.add_column(sa.Column("signature_failures", sa.Integer(), nullable=False, server_default="0"))
            batch.add_column(sa.Column("signature_failed_at", sa.DateTime(timezone=True), nullable=True))
        with op.batch_alter_table(table) as batch:
            batch.alter_column("repaired", server_default=None)
            batch.alter_column("signature_failures", server_default=None)


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("signature_failed_at")
            batch.drop_column("signature_failures")
            batch.drop_column("repaired")
