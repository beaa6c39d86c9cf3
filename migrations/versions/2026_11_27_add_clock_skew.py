"""add how much this machine's clock differs from Stripe's

Revision ID: add_clock_skew
Revises: add_registration_history
"""

import sqlalchemy as sa
from alembic import op

revision = "add_clock_skew"
down_revision = "add_registration_history"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("processor_account") as batch:
        batch.add_column(sa.Column("clock_skew_seconds", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("processor_account") as batch:
        batch.drop_column("clock_skew_seconds")
