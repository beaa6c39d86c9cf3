"""create processor accounts: the connection to Stripe, its webhook endpoint, catch-up and the inbox

Revision ID: create_processor_accounts
Revises: create_audit_entries
"""

import sqlalchemy as sa
from alembic import op

revision = "create_processor_accounts"
down_revision = "create_audit_entries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "processor_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stripe_account_id", sa.String(), nullable=True),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("charges_enabled", sa.Boolean(), nullable=True),
        sa.Column("key_sealed", sa.String(), nullable=True),
        sa.Column("key_prefix", sa.String(), nullable=True),
        sa.Column("key_last_four", sa.String(), nullable=True),
        sa.Column("key_state", sa.String(length=12), nullable=False),
        sa.Column("key_problem", sa.String(), nullable=True),
        sa.Column("preflight", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disconnected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_problem", sa.String(), nullable=True),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processor_account")),
        sa.UniqueConstraint("stripe_account_id", "mode", name=op.f("uq_processor_account_stripe_account_id_mode")),
    )
    op.create_index(op.f("ix_processor_account_next_check_at"), "processor_account", ["next_check_at"], unique=False)
    op.create_index(
        "uq_processor_account_connected_mode",
        "processor_account",
        ["mode"],
        unique=True,
        sqlite_where=sa.text("state = 'connected'"),
        postgresql_where=sa.text("state = 'connected'"),
    )

    op.create_table(
        "catch_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("cursor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pass_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page_after", sa.String(), nullable=True),
        sa.Column("walk", sa.String(), nullable=True),
        sa.Column("objects_read", sa.Integer(), nullable=False),
        sa.Column("complete_up_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_catch_up_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catch_up")),
        sa.UniqueConstraint("processor_account_id", name=op.f("uq_catch_up_processor_account_id")),
    )
    op.create_index(op.f("ix_catch_up_next_run_at"), "catch_up", ["next_run_at"], unique=False)

    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("stripe_webhook_endpoint_id", sa.String(), nullable=True),
        sa.Column("secret_sealed", sa.String(), nullable=True),
        sa.Column("previous_secret_sealed", sa.String(), nullable=True),
        sa.Column("previous_secret_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registrations", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_webhook_endpoint_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint("processor_account_id", name=op.f("uq_webhook_endpoint_processor_account_id")),
        sa.UniqueConstraint("token", name=op.f("uq_webhook_endpoint_token")),
    )

    op.create_table(
        "stripe_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_stripe_event_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_event")),
        sa.UniqueConstraint(
            "processor_account_id", "stripe_event_id", name=op.f("uq_stripe_event_processor_account_id_stripe_event_id")
        ),
    )
    op.create_index("ix_stripe_event_object", "stripe_event", ["processor_account_id", "object_id", "id"], unique=False)
    op.create_index("ix_stripe_event_state", "stripe_event", ["processor_account_id", "state", "id"], unique=False)
    op.create_index("ix_stripe_event_type", "stripe_event", ["processor_account_id", "type", "id"], unique=False)
    op.create_index(
        "ix_stripe_event_unsettled",
        "stripe_event",
        ["processor_account_id", "next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'failed')"),
        postgresql_where=sa.text("state IN ('pending', 'failed')"),
    )


def downgrade() -> None:
    op.drop_table("stripe_event")
    op.drop_table("webhook_endpoint")
    op.drop_table("catch_up")
    op.drop_table("processor_account")
