"""create outgoing webhooks: endpoints, messages, deliveries and attempts

Revision ID: create_outgoing_webhooks
Revises: choose_warnings
"""

import sqlalchemy as sa
from alembic import op

revision = "create_outgoing_webhooks"
down_revision = "choose_warnings"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LARGE_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("outgoing_attempt", "outgoing_delivery", "outgoing_message", "outgoing_endpoint")


def key_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)


def create_partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    create_endpoint()
    create_message()
    create_delivery()
    create_attempt()


def create_endpoint() -> None:
    op.create_table(
        "outgoing_endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("secret_sealed", sa.String(), nullable=True),
        sa.Column("secret_end", sa.String(length=4), nullable=False),
        sa.Column("old_secret_sealed", sa.String(), nullable=True),
        sa.Column("old_secret_ends_at", TIME, nullable=True),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("paused_by_staff_id", sa.Integer(), nullable=True),
        sa.Column("off_at", TIME, nullable=True),
        sa.Column("off_reason", sa.String(length=7), nullable=True),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("last_problem", sa.String(length=200), nullable=False),
        sa.Column("last_taken_at", TIME, nullable=True),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('on', 'paused', 'off')", name=op.f("ck_outgoing_endpoint_state")),
        sa.CheckConstraint("off_reason IN ('failing', 'gone')", name=op.f("ck_outgoing_endpoint_off_reason")),
        key_to("outgoing_endpoint", "paused_by_staff_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_endpoint")),
    )
    create_partial_index(
        "uq_outgoing_endpoint_mode_url", "outgoing_endpoint", ["mode", "url"], "deleted_at IS NULL", unique=True
    )


def create_message() -> None:
    op.create_table(
        "outgoing_message",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        key_to("outgoing_message", "client_id", "client"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_message")),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_outgoing_message_webhook_id")),
    )
    op.create_index(op.f("ix_outgoing_message_client_id"), "outgoing_message", ["client_id"])
    op.create_index(op.f("ix_outgoing_message_created_at"), "outgoing_message", ["created_at"])


def create_delivery() -> None:
    op.create_table(
        "outgoing_delivery",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("keeps_order", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'taken', 'set_aside')", name=op.f("ck_outgoing_delivery_state")),
        key_to("outgoing_delivery", "message_id", "outgoing_message"),
        key_to("outgoing_delivery", "endpoint_id", "outgoing_endpoint"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_delivery")),
    )
    op.create_index(op.f("ix_outgoing_delivery_endpoint_id_id"), "outgoing_delivery", ["endpoint_id", "id"])
    op.create_index(op.f("ix_outgoing_delivery_message_id"), "outgoing_delivery", ["message_id"])
    by_type = ["endpoint_id", "type", "id"]
    op.create_index(op.f("ix_outgoing_delivery_endpoint_id_type_id"), "outgoing_delivery", by_type)
    create_partial_index("ix_outgoing_delivery_untaken", "outgoing_delivery", ["endpoint_id", "id"], "state <> 'taken'")
    waiting = "state = 'waiting'"
    queue = ["endpoint_id", "client_id", "id"]
    create_partial_index("ix_outgoing_delivery_queue", "outgoing_delivery", queue, waiting)
    due = ["endpoint_id", "keeps_order", "next_attempt_at"]
    create_partial_index("ix_outgoing_delivery_due", "outgoing_delivery", due, waiting)


def create_attempt() -> None:
    op.create_table(
        "outgoing_attempt",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("attempted_at", TIME, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        key_to("outgoing_attempt", "delivery_id", "outgoing_delivery"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_attempt")),
    )
    op.create_index(op.f("ix_outgoing_attempt_delivery_id"), "outgoing_attempt", ["delivery_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
