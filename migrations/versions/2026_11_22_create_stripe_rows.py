"""create the rows that are kept in step with Stripe

Revision ID: create_stripe_rows
Revises: create_processor_accounts
"""

import sqlalchemy as sa
from alembic import op

revision = "create_stripe_rows"
down_revision = "create_processor_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("stripe_product_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("unit_label", sa.String(), nullable=True),
        sa.Column("default_stripe_price_id", sa.String(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uncertainty_seconds", sa.Integer(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("has_settled_tie", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_product_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_product_id", name=op.f("uq_product_processor_account_id_stripe_product_id")
        ),
    )

    op.create_table(
        "price",
        sa.Column("stripe_price_id", sa.String(), nullable=False),
        sa.Column("stripe_product_id", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("nickname", sa.String(), nullable=True),
        sa.Column("lookup_key", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("billing_scheme", sa.String(), nullable=False),
        sa.Column("tiers_mode", sa.String(), nullable=True),
        sa.Column("unit_amount_decimal", sa.String(length=40), nullable=True),
        sa.Column("is_custom_amount", sa.Boolean(), nullable=False),
        sa.Column("interval", sa.String(), nullable=True),
        sa.Column("interval_count", sa.Integer(), nullable=True),
        sa.Column("usage_type", sa.String(), nullable=True),
        sa.Column("stripe_meter_id", sa.String(), nullable=True),
        sa.Column("package_size", sa.Integer(), nullable=True),
        sa.Column("package_round", sa.String(), nullable=True),
        sa.Column("tax_behavior", sa.String(), nullable=True),
        sa.Column("tiers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("currency_options", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uncertainty_seconds", sa.Integer(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("has_settled_tie", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_price_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_price_id", name=op.f("uq_price_processor_account_id_stripe_price_id")
        ),
    )
    op.create_index(
        op.f("ix_price_processor_account_id_lookup_key"), "price", ["processor_account_id", "lookup_key"], unique=False
    )
    op.create_index(
        op.f("ix_price_processor_account_id_stripe_product_id"),
        "price",
        ["processor_account_id", "stripe_product_id"],
        unique=False,
    )

    op.create_table(
        "meter",
        sa.Column("stripe_meter_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("event_name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("aggregation", sa.String(), nullable=False),
        sa.Column("customer_payload_key", sa.String(), nullable=False),
        sa.Column("value_payload_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uncertainty_seconds", sa.Integer(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("has_settled_tie", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_meter_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_meter_id", name=op.f("uq_meter_processor_account_id_stripe_meter_id")
        ),
    )

    op.create_table(
        "customer",
        sa.Column("stripe_customer_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("delinquent", sa.Boolean(), nullable=False),
        sa.Column("default_stripe_payment_method_id", sa.String(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uncertainty_seconds", sa.Integer(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("has_settled_tie", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_customer_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_customer_id",
            name=op.f("uq_customer_processor_account_id_stripe_customer_id"),
        ),
    )
    op.create_index(
        op.f("ix_customer_processor_account_id_email"), "customer", ["processor_account_id", "email"], unique=False
    )

    op.create_table(
        "subscription",
        sa.Column("stripe_subscription_id", sa.String(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("collection_method", sa.String(), nullable=False),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("cancels_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_stripe_invoice_id", sa.String(), nullable=True),
        sa.Column("default_stripe_payment_method_id", sa.String(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uncertainty_seconds", sa.Integer(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("has_settled_tie", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_subscription_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_subscription_id",
            name=op.f("uq_subscription_processor_account_id_stripe_subscription_id"),
        ),
    )
    op.create_index(
        op.f("ix_subscription_processor_account_id_stripe_customer_id"),
        "subscription",
        ["processor_account_id", "stripe_customer_id"],
        unique=False,
    )

    op.create_table(
        "subscription_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("stripe_subscription_item_id", sa.String(), nullable=False),
        sa.Column("stripe_price_id", sa.String(), nullable=False),
        sa.Column("stripe_product_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("period_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_subscription_item_subscription_id_subscription")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_item")),
        sa.UniqueConstraint(
            "subscription_id",
            "stripe_subscription_item_id",
            name=op.f("uq_subscription_item_subscription_id_stripe_subscription_item_id"),
        ),
    )
    op.create_index(
        op.f("ix_subscription_item_stripe_price_id"), "subscription_item", ["stripe_price_id"], unique=False
    )

    op.create_table(
        "invoice",
        sa.Column("stripe_invoice_id", sa.String(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("stripe_subscription_id", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("billing_reason", sa.String(), nullable=True),
        sa.Column("collection_method", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_remaining_minor", sa.BigInteger(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finalized_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hosted_invoice_url", sa.String(), nullable=True),
        sa.Column("invoice_pdf_url", sa.String(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uncertainty_seconds", sa.Integer(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("has_settled_tie", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_invoice_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_invoice_id", name=op.f("uq_invoice_processor_account_id_stripe_invoice_id")
        ),
    )
    op.create_index(
        op.f("ix_invoice_processor_account_id_stripe_customer_id"),
        "invoice",
        ["processor_account_id", "stripe_customer_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_processor_account_id_stripe_subscription_id"),
        "invoice",
        ["processor_account_id", "stripe_subscription_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("invoice")
    op.drop_table("subscription_item")
    op.drop_table("subscription")
    op.drop_table("customer")
    op.drop_table("meter")
    op.drop_table("price")
    op.drop_table("product")
