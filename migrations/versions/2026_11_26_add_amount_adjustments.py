"""add amount adjustments: whether discounts or taxes decide on the next payment

For rows of before it is not known; they count as adjusted until their next snapshot.

Revision ID: add_amount_adjustments
Revises: add_page_size_to_catch_up
"""

import sqlalchemy as sa
from alembic import op

revision = "add_amount_adjustments"
down_revision = "add_page_size_to_catch_up"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscription", sa.Column("has_adjustments", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("customer", sa.Column("has_discount", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for table, column in (("customer", "has_discount"), ("subscription", "has_adjustments")):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(column)
