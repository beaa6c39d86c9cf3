"""create metering: the outbox of meter events, the ledger's days, error reports, invoice lines

Revision ID: create_metering
Revises: drop_pool_revisions
"""

import sqlalchemy as sa
from alembic import op

revision = "create_metering"
down_revision = "drop_pool_revisions"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LARGE_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_event_destination()
    create_meter_error_report()
    create_client_meter()
    create_invoice_line()
    create_invoice_lines_read()
    create_meter_day()
    create_meter_event()


def downgrade() -> None:
    op.drop_table("meter_event")
    op.drop_table("meter_day")
    op.drop_table("invoice_lines_read")
    op.drop_table("invoice_line")
    op.drop_table("client_meter")
    op.drop_table("meter_error_report")
    op.drop_table("event_destination")


def create_event_destination() -> None:
    op.create_table(
        "event_destination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("stripe_event_destination_id", sa.String(), nullable=True),
        sa.Column("secret_sealed", sa.String(), nullable=True),
        sa.Column("previous_secret_sealed", sa.String(), nullable=True),
        sa.Column("previous_secret_ends_at", TIME, nullable=True),
        sa.Column("registered_at", TIME, nullable=True),
        sa.Column("registrations", sa.Integer(), nullable=False),
        sa.Column("repaired_at", TIME, nullable=True),
        sa.Column("repair", sa.String(), nullable=True),
        sa.Column("read_up_to", TIME, nullable=True),
        sa.Column("next_read_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_event_destination_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_destination")),
        sa.UniqueConstraint("processor_account_id", name=op.f("uq_event_destination_processor_account_id")),
        sa.UniqueConstraint("token", name=op.f("uq_event_destination_token")),
    )


def create_meter_error_report() -> None:
    op.create_table(
        "meter_error_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("stripe_meter_id", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=True),
        sa.Column("applied_at", TIME, nullable=True),
        sa.Column("window_starts_at", TIME, nullable=True),
        sa.Column("window_ends_at", TIME, nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("named_count", sa.Integer(), nullable=False),
        sa.Column("summary", sa.String(), server_default="", nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_meter_error_report_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_error_report")),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_event_id",
            name=op.f("uq_meter_error_report_processor_account_id_stripe_event_id"),
        ),
    )
    op.create_index(
        "ix_meter_error_report_to_read",
        "meter_error_report",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("applied_at IS NULL"),
        postgresql_where=sa.text("applied_at IS NULL"),
    )


def create_client_meter() -> None:
    op.create_table(
        "client_meter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_meter_id", sa.String(), nullable=False),
        sa.Column("begins_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("prepared_revision", sa.BigInteger(), nullable=False),
        sa.Column("prepared_until", TIME, nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("send_after", TIME, nullable=True),
        sa.Column("compared_at", TIME, nullable=True),
        sa.Column("compare_after", TIME, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_meter_client_id_client")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_client_meter_processor_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_client_meter_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_meter")),
        sa.UniqueConstraint(
            "client_id",
            "resource_id",
            "processor_account_id",
            "stripe_meter_id",
            name=op.f("uq_client_meter_client_id_resource_id_processor_account_id_stripe_meter_id"),
        ),
    )
    op.create_index(op.f("ix_client_meter_compare_after"), "client_meter", ["compare_after"], unique=False)
    op.create_index(
        op.f("ix_client_meter_processor_account_id_stripe_meter_id"),
        "client_meter",
        ["processor_account_id", "stripe_meter_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_client_meter_resource_id_processor_account_id"),
        "client_meter",
        ["resource_id", "processor_account_id"],
        unique=False,
    )
    op.create_index(op.f("ix_client_meter_send_after"), "client_meter", ["send_after"], unique=False)


def create_invoice_line() -> None:
    op.create_table(
        "invoice_line",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("stripe_line_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.String(length=40), nullable=True),
        sa.Column("unit_amount", sa.String(length=40), nullable=True),
        sa.Column("stripe_price_id", sa.String(), nullable=True),
        sa.Column("stripe_subscription_item_id", sa.String(), nullable=True),
        sa.Column("stripe_invoice_item_id", sa.String(), nullable=True),
        sa.Column("is_proration", sa.Boolean(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id_invoice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("invoice_id", "stripe_line_id", name=op.f("uq_invoice_line_invoice_id_stripe_line_id")),
    )
    op.create_index(op.f("ix_invoice_line_invoice_id"), "invoice_line", ["invoice_id"], unique=False)


def create_invoice_lines_read() -> None:
    op.create_table(
        "invoice_lines_read",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("of_status", sa.String(), nullable=True),
        sa.Column("read_at", TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_lines_read_invoice_id_invoice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines_read")),
        sa.UniqueConstraint("invoice_id", name=op.f("uq_invoice_lines_read_invoice_id")),
    )
    op.create_index(
        op.f("ix_invoice_lines_read_next_attempt_at"), "invoice_lines_read", ["next_attempt_at"], unique=False
    )


def create_meter_day() -> None:
    op.create_table(
        "meter_day",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("client_meter_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("at_stripe", sa.BigInteger(), nullable=True),
        sa.Column("compared_at", TIME, nullable=True),
        sa.Column("differs_since", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_meter_id"], ["client_meter.id"], name=op.f("fk_meter_day_client_meter_id_client_meter")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_day")),
        sa.UniqueConstraint(
            "client_meter_id", "day", "period_starts_at", name=op.f("uq_meter_day_client_meter_id_day_period_starts_at")
        ),
    )
    op.create_index(op.f("ix_meter_day_day"), "meter_day", ["day"], unique=False)
    op.create_index(op.f("ix_meter_day_differs_since"), "meter_day", ["differs_since"], unique=False)


def create_meter_event() -> None:
    op.create_table(
        "meter_event",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("client_meter_id", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(length=100), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=True),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("prepared_at", TIME, nullable=False),
        sa.Column("first_sent_at", TIME, nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("billed_stripe_item_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'due', 'sent', 'confirmed', 'rejected', 'in_doubt', 'cancelling', 'cancelled', "
            "'too_late', 'let_go')",
            name=op.f("ck_meter_event_state"),
        ),
        sa.ForeignKeyConstraint(
            ["client_meter_id"], ["client_meter.id"], name=op.f("fk_meter_event_client_meter_id_client_meter")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_event")),
        sa.UniqueConstraint("identifier", name=op.f("uq_meter_event_identifier")),
    )
    op.create_index(op.f("ix_meter_event_client_meter_id_day"), "meter_event", ["client_meter_id", "day"], unique=False)
    op.create_index(
        "ix_meter_event_to_look_at",
        "meter_event",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('rejected', 'in_doubt', 'too_late', 'cancelling')"),
        postgresql_where=sa.text("state IN ('rejected', 'in_doubt', 'too_late', 'cancelling')"),
    )
    op.create_index(
        "ix_meter_event_unsent",
        "meter_event",
        ["client_meter_id", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'due')"),
        postgresql_where=sa.text("state IN ('waiting', 'due')"),
    )
