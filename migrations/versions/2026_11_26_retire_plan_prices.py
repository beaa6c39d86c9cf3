"""retire plan prices: a link that was sold goes on telling what subscriptions bought by it

Revision ID: retire_plan_prices
Revises: add_invoice_purpose
"""

import sqlalchemy as sa
from alembic import op

revision = "retire_plan_prices"
down_revision = "add_invoice_purpose"
branch_labels = None
depends_on = None

ONE_LINK = "uq_plan_price_plan_id_processor_account_id_stripe_price_id"
COLUMNS = ["plan_id", "processor_account_id", "stripe_price_id"]
FOR_SALE = sa.text("retired_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("plan_price") as plan_price:
        plan_price.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
        plan_price.add_column(sa.Column("is_hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
        plan_price.drop_constraint(op.f(ONE_LINK), type_="unique")
        plan_price.create_check_constraint(op.f("ck_plan_price_hidden"), "NOT is_hidden OR retired_at IS NOT NULL")
    op.create_index(
        "uq_plan_price_for_sale",
        "plan_price",
        COLUMNS,
        unique=True,
        sqlite_where=FOR_SALE,
        postgresql_where=FOR_SALE,
    )


def downgrade() -> None:
    op.drop_index("uq_plan_price_for_sale", table_name="plan_price")
    op.execute("DELETE FROM plan_price WHERE retired_at IS NOT NULL")
    with op.batch_alter_table("plan_price") as plan_price:
        plan_price.drop_constraint(op.f("ck_plan_price_hidden"), type_="check")
        plan_price.create_unique_constraint(op.f(ONE_LINK), COLUMNS)
        plan_price.drop_column("is_hidden")
        plan_price.drop_column("retired_at")
