"""make the selling mode a setting: an installation goes on selling in the mode in which it sold

Until now the portal sold live as soon as a plan could be paid in live mode, or where no account was connected in test
mode. Without a row it sells in test mode.

Revision ID: set_selling_mode
Revises: create_go_live
"""

import sqlalchemy as sa
from alembic import op

revision = "set_selling_mode"
down_revision = "create_go_live"
branch_labels = None
depends_on = None

CONNECTED = "SELECT id FROM processor_account WHERE mode = :mode AND state = 'connected'"
# Usage prices alone make a plan payable only where it links no other prices.
SOLD_LIVE = """
SELECT plan.id FROM plan
JOIN plan_price ON plan_price.plan_id = plan.id AND plan_price.retired_at IS NULL
JOIN price ON price.processor_account_id = plan_price.processor_account_id
  AND price.stripe_price_id = plan_price.stripe_price_id AND price.active AND price.deleted_at IS NULL
JOIN product ON product.processor_account_id = price.processor_account_id
  AND product.stripe_product_id = price.stripe_product_id AND product.active AND product.deleted_at IS NULL
WHERE plan.state = 'active' AND plan_price.processor_account_id = :account_id
  AND (plan_price.role <> 'usage' OR NOT EXISTS (
    SELECT 1 FROM plan_price AS other WHERE other.plan_id = plan.id AND other.retired_at IS NULL
      AND other.processor_account_id = :account_id AND other.role <> 'usage'))
LIMIT 1
"""


def upgrade() -> None:
    op.create_table(
        "selling_mode",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("switched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_selling_mode_only_one")),
        sa.CheckConstraint("mode IN ('test', 'live')", name=op.f("ck_selling_mode_mode")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_selling_mode_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selling_mode")),
    )
    if sells_live():
        op.execute("INSERT INTO selling_mode (id, mode) VALUES (1, 'live')")


def downgrade() -> None:
    op.drop_table("selling_mode")


def sells_live() -> bool:
    connection = op.get_bind()
    live = connection.scalar(sa.text(CONNECTED), {"mode": "live"})
    if live is None:
        return False
    if connection.scalar(sa.text(CONNECTED), {"mode": "test"}) is None:
        return True
    return connection.scalar(sa.text(SOLD_LIVE), {"account_id": live}) is not None
