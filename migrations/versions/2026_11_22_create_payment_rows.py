"""create the rows of payments, checkouts and scheduled changes

Revision ID: create_payment_rows
Revises: create_branding
"""

import sqlalchemy as sa
from alembic import op

revision = "create_payment_rows"
down_revision = "create_branding"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Accounts that are connected already read everything again, since the new rows are in lists only.
    op.execute("UPDATE catch_up SET cursor_at = NULL, pass_started_at = NULL, walk = NULL, page_after = NULL")
    op.create_table(
        "checkout_session",
        sa.Column("stripe_checkout_session_id", sa.String(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("stripe_subscription_id", sa.String(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("payment_status", sa.String(), nullable=False),
        sa.Column("client_reference", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
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
            name=op.f("fk_checkout_session_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout_session")),
        sa.UniqueConstraint("processor_account_id", "stripe_checkout_session_id", name="uq_checkout_session_stripe_id"),
    )
    with op.batch_alter_table("checkout_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_checkout_session_processor_account_id_stripe_customer_id"),
            ["processor_account_id", "stripe_customer_id"],
            unique=False,
        )

    op.create_table(
        "dispute",
        sa.Column("stripe_dispute_id", sa.String(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(), nullable=True),
        sa.Column("stripe_charge_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=True),
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
            name=op.f("fk_dispute_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_dispute_id", name=op.f("uq_dispute_processor_account_id_stripe_dispute_id")
        ),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_dispute_processor_account_id_stripe_charge_id"),
            ["processor_account_id", "stripe_charge_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_dispute_processor_account_id_stripe_payment_intent_id"),
            ["processor_account_id", "stripe_payment_intent_id"],
            unique=False,
        )

    op.create_table(
        "invoice_payment",
        sa.Column("stripe_invoice_payment_id", sa.String(), nullable=False),
        sa.Column("stripe_invoice_id", sa.String(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(), nullable=True),
        sa.Column("stripe_charge_id", sa.String(), nullable=True),
        sa.Column("amount_paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
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
            name=op.f("fk_invoice_payment_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_payment")),
        sa.UniqueConstraint("processor_account_id", "stripe_invoice_payment_id", name="uq_invoice_payment_stripe_id"),
    )
    with op.batch_alter_table("invoice_payment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_invoice_payment_processor_account_id_stripe_charge_id"),
            ["processor_account_id", "stripe_charge_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_invoice_payment_processor_account_id_stripe_invoice_id"),
            ["processor_account_id", "stripe_invoice_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_invoice_payment_stripe_payment_intent_id",
            ["processor_account_id", "stripe_payment_intent_id"],
            unique=False,
        )

    op.create_table(
        "payment_method",
        sa.Column("stripe_payment_method_id", sa.String(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=True),
        sa.Column("last_four", sa.String(), nullable=True),
        sa.Column("expires_month", sa.Integer(), nullable=True),
        sa.Column("expires_year", sa.Integer(), nullable=True),
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
            name=op.f("fk_payment_method_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_method")),
        sa.UniqueConstraint("processor_account_id", "stripe_payment_method_id", name="uq_payment_method_stripe_id"),
    )
    with op.batch_alter_table("payment_method", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_payment_method_processor_account_id_stripe_customer_id"),
            ["processor_account_id", "stripe_customer_id"],
            unique=False,
        )

    op.create_table(
        "refund",
        sa.Column("stripe_refund_id", sa.String(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(), nullable=True),
        sa.Column("stripe_charge_id", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("failure_reason", sa.String(), nullable=True),
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
            name=op.f("fk_refund_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_refund_id", name=op.f("uq_refund_processor_account_id_stripe_refund_id")
        ),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_refund_processor_account_id_stripe_charge_id"),
            ["processor_account_id", "stripe_charge_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_refund_processor_account_id_stripe_payment_intent_id"),
            ["processor_account_id", "stripe_payment_intent_id"],
            unique=False,
        )

    op.create_table(
        "subscription_schedule",
        sa.Column("stripe_schedule_id", sa.String(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=False),
        sa.Column("stripe_subscription_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("end_behavior", sa.String(), nullable=False),
        sa.Column("phases", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
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
            name=op.f("fk_subscription_schedule_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_schedule")),
        sa.UniqueConstraint("processor_account_id", "stripe_schedule_id", name="uq_subscription_schedule_stripe_id"),
    )
    with op.batch_alter_table("subscription_schedule", schema=None) as batch_op:
        batch_op.create_index(
            "ix_subscription_schedule_stripe_subscription_id",
            ["processor_account_id", "stripe_subscription_id"],
            unique=False,
        )

    op.create_table(
        "test_clock",
        sa.Column("stripe_test_clock_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
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
            name=op.f("fk_test_clock_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_clock")),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_test_clock_id",
            name=op.f("uq_test_clock_processor_account_id_stripe_test_clock_id"),
        ),
    )
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stripe_test_clock_id", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("address", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.create_index(
            batch_op.f("ix_customer_processor_account_id_stripe_test_clock_id"),
            ["processor_account_id", "stripe_test_clock_id"],
            unique=False,
        )

    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sold", sa.JSON(none_as_null=True), nullable=False, server_default="[]"))

    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stripe_schedule_id", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("pending_update_expires_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("cancellation_reason", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("is_collection_paused", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_column("sold")

    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_column("is_collection_paused")
        batch_op.drop_column("cancellation_reason")
        batch_op.drop_column("pending_update_expires_at")
        batch_op.drop_column("stripe_schedule_id")

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_processor_account_id_stripe_test_clock_id"))
        batch_op.drop_column("address")
        batch_op.drop_column("stripe_test_clock_id")

    op.drop_table("test_clock")
    with op.batch_alter_table("subscription_schedule", schema=None) as batch_op:
        batch_op.drop_index("ix_subscription_schedule_stripe_subscription_id")

    op.drop_table("subscription_schedule")
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refund_processor_account_id_stripe_payment_intent_id"))
        batch_op.drop_index(batch_op.f("ix_refund_processor_account_id_stripe_charge_id"))

    op.drop_table("refund")
    with op.batch_alter_table("payment_method", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_method_processor_account_id_stripe_customer_id"))

    op.drop_table("payment_method")
    with op.batch_alter_table("invoice_payment", schema=None) as batch_op:
        batch_op.drop_index("ix_invoice_payment_stripe_payment_intent_id")
        batch_op.drop_index(batch_op.f("ix_invoice_payment_processor_account_id_stripe_invoice_id"))
        batch_op.drop_index(batch_op.f("ix_invoice_payment_processor_account_id_stripe_charge_id"))

    op.drop_table("invoice_payment")
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispute_processor_account_id_stripe_payment_intent_id"))
        batch_op.drop_index(batch_op.f("ix_dispute_processor_account_id_stripe_charge_id"))

    op.drop_table("dispute")
    with op.batch_alter_table("checkout_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checkout_session_processor_account_id_stripe_customer_id"))

    op.drop_table("checkout_session")
