"""create ignored customers

Revision ID: create_ignored_customers
Revises: create_client_settings
"""

import sqlalchemy as sa
from alembic import op

revision = "create_ignored_customers"
down_revision = "create_client_settings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ignored_customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("ignored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_ignored_customer_processor_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_ignored_customer_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ignored_customer")),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_customer_id",
            name=op.f("uq_ignored_customer_processor_account_id_stripe_customer_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("ignored_customer")
