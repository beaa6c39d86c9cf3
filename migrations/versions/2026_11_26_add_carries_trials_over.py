"""add carries_trials_over: whether a trial goes on whole when the plan is changed

Revision ID: add_carries_trials_over
Revises: add_collection_pause
"""

import sqlalchemy as sa
from alembic import op

revision = "add_carries_trials_over"
down_revision = "add_collection_pause"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("selling_settings") as table:
        table.add_column(sa.Column("carries_trials_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("selling_settings") as table:
        table.alter_column("carries_trials_over", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("selling_settings") as table:
        table.drop_column("carries_trials_over")
