"""date item prices: a price may have been linked differently before and after an item got it

Revision ID: date_item_prices
Revises: retire_plan_prices
"""

import sqlalchemy as sa
from alembic import op

revision = "date_item_prices"
down_revision = "retire_plan_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscription_item", sa.Column("priced_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("subscription_item", "priced_at")
