"""create price moves: from a retired price to the one that is sold now, with their clients and exceptions

Revision ID: create_price_moves
Revises: date_item_prices
"""

import sqlalchemy as sa
from alembic import op

revision = "create_price_moves"
down_revision = "date_item_prices"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UNDER_WAY = sa.text("state <> 'ended'")
ROW_STATES = "state IN ('chosen', 'stays', 'intended', 'scheduled', 'moved', 'undone', 'failed')"


def key_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)


def upgrade() -> None:
    create_moves()
    create_clients()
    create_exceptions()


def create_moves() -> None:
    op.create_table(
        "price_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("from_link_id", sa.Integer(), nullable=False),
        sa.Column("to_link_id", sa.Integer(), nullable=False),
        sa.Column("timing", sa.String(length=7), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=True),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.CheckConstraint("timing IN ('renewal', 'date')", name=op.f("ck_price_move_timing")),
        sa.CheckConstraint("timing = 'renewal' OR from_day IS NOT NULL", name=op.f("ck_price_move_from_day")),
        sa.CheckConstraint(
            "state IN ('draft', 'review', 'running', 'planned', 'ended')", name=op.f("ck_price_move_state")
        ),
        key_to("price_move", "plan_id", "plan"),
        key_to("price_move", "processor_account_id", "processor_account"),
        key_to("price_move", "from_link_id", "plan_price"),
        key_to("price_move", "to_link_id", "plan_price"),
        key_to("price_move", "staff_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_move")),
    )
    op.create_index(op.f("ix_price_move_processor_account_id"), "price_move", ["processor_account_id"])
    op.create_index(
        "uq_price_move_under_way",
        "price_move",
        ["from_link_id"],
        unique=True,
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )


def create_clients() -> None:
    op.create_table(
        "price_move_client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("price_move_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("stripe_subscription_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("pays_minor", sa.BigInteger(), nullable=True),
        sa.Column("will_pay_minor", sa.BigInteger(), nullable=True),
        sa.Column("first_minor", sa.BigInteger(), nullable=True),
        sa.Column("takes_effect_at", TIME, nullable=True),
        sa.Column("quoted_at", TIME, nullable=True),
        sa.Column("plan_change_id", sa.Integer(), nullable=True),
        sa.Column("undo_asked_at", TIME, nullable=True),
        sa.Column("undo_staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint(ROW_STATES, name=op.f("ck_price_move_client_state")),
        key_to("price_move_client", "price_move_id", "price_move"),
        key_to("price_move_client", "client_id", "client"),
        key_to("price_move_client", "plan_change_id", "plan_move"),
        key_to("price_move_client", "undo_staff_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_move_client")),
        sa.UniqueConstraint("price_move_id", "client_id", name=op.f("uq_price_move_client_price_move_id_client_id")),
    )
    op.create_index(op.f("ix_price_move_client_client_id"), "price_move_client", ["client_id"])
    op.create_index(op.f("ix_price_move_client_plan_change_id"), "price_move_client", ["plan_change_id"])


def create_exceptions() -> None:
    op.create_table(
        "price_exception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_price_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        key_to("price_exception", "client_id", "client"),
        key_to("price_exception", "processor_account_id", "processor_account"),
        key_to("price_exception", "staff_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_exception")),
        sa.UniqueConstraint(
            "client_id",
            "processor_account_id",
            "stripe_price_id",
            name=op.f("uq_price_exception_client_id_processor_account_id_stripe_price_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("price_exception")
    op.drop_table("price_move_client")
    op.drop_table("price_move")
