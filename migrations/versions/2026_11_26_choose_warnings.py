"""choose warnings: per resource, whether a passed limit is told, and to whom limits are told

Revision ID: choose_warnings
Revises: create_mode_usage_day
"""

import sqlalchemy as sa
from alembic import op

revision = "choose_warnings"
down_revision = "create_mode_usage_day"
branch_labels = None
depends_on = None

COLUMNS = ("warns_above_100", "warns_client", "warns_staff", "warns_platform")


def upgrade() -> None:
    with op.batch_alter_table("resource") as batch:
        for column in COLUMNS:
            batch.add_column(sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("resource") as batch:
        for column in COLUMNS:
            batch.alter_column(column, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("resource") as batch:
        for column in reversed(COLUMNS):
            batch.drop_column(column)
