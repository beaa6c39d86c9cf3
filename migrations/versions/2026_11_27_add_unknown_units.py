"""add unknown units: use that Stripe has and a restored backup does not know, so that it is not sent twice

Revision ID: add_unknown_units
Revises: write_to_staff
"""

import sqlalchemy as sa
from alembic import op

revision = "add_unknown_units"
down_revision = "write_to_staff"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a batch: SQLite would copy every day of every client.
    op.add_column("meter_day", sa.Column("unknown_units", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("meter_day", "unknown_units")
