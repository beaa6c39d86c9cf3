"""create usage: records, periods, totals, days, levels, pools, reservations, limits reached and corrections

Revision ID: create_usage
Revises: create_price_moves
"""

import sqlalchemy as sa
from alembic import op

revision = "create_usage"
down_revision = "create_price_moves"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LARGE_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "client_level",
    "client_usage",
    "limit_notice",
    "reservation",
    "usage_correction",
    "usage_day",
    "usage_period",
    "usage_pool",
    "usage_record",
    "usage_total",
)


def key_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)


def create_partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    create_client_level()
    create_client_usage()
    create_limit_notice()
    create_reservation()
    create_usage_correction()
    create_usage_day()
    create_usage_period()
    create_usage_pool()
    create_usage_record()
    create_usage_total()
    add_columns()
    fill_client_usage()


def create_client_level() -> None:
    op.create_table(
        "client_level",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", TIME, nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_client_level_used")),
        key_to("client_level", "client_id", "client"),
        key_to("client_level", "resource_id", "resource"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_level")),
        sa.UniqueConstraint("client_id", "resource_id", name=op.f("uq_client_level_client_id_resource_id")),
    )


def create_client_usage() -> None:
    op.create_table(
        "client_usage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=True),
        sa.Column("period_ends_at", TIME, nullable=True),
        sa.Column("spending_cap", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("checked_revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("recounted_at", TIME, nullable=True),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_client_usage_reserved")),
        sa.CheckConstraint("spending_cap IS NULL OR spending_cap >= 0", name=op.f("ck_client_usage_spending_cap")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_client_usage_used")),
        key_to("client_usage", "client_id", "client"),
        key_to("client_usage", "resource_id", "resource"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_usage")),
        sa.UniqueConstraint("client_id", "resource_id", name=op.f("uq_client_usage_client_id_resource_id")),
    )
    op.create_index(op.f("ix_client_usage_period_ends_at"), "client_usage", ["period_ends_at"])
    op.create_index(op.f("ix_client_usage_recounted_at"), "client_usage", ["recounted_at"])
    op.create_index(op.f("ix_client_usage_resource_id"), "client_usage", ["resource_id"])
    create_partial_index("ix_client_usage_to_check", "client_usage", ["id"], "revision <> checked_revision")


def create_limit_notice() -> None:
    op.create_table(
        "limit_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=True),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", TIME, nullable=False),
        sa.Column("cleared_at", TIME, nullable=True),
        sa.CheckConstraint("stage IN ('warning', 'reached', 'exceeded', 'cap')", name=op.f("ck_limit_notice_stage")),
        key_to("limit_notice", "client_id", "client"),
        key_to("limit_notice", "resource_id", "resource"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_notice")),
    )
    op.create_index(
        op.f("ix_limit_notice_client_id_resource_id_period_starts_at"),
        "limit_notice",
        ["client_id", "resource_id", "period_starts_at"],
    )
    op.create_index(op.f("ix_limit_notice_noticed_at"), "limit_notice", ["noticed_at"])


def create_reservation() -> None:
    op.create_table(
        "reservation",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("counts_in_pool", sa.Boolean(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("confirmed_quantity", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'confirmed', 'released', 'expired')", name=op.f("ck_reservation_state")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_quantity")),
        key_to("reservation", "client_id", "client"),
        key_to("reservation", "resource_id", "resource"),
        key_to("reservation", "workspace_id", "workspace"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    create_partial_index("ix_reservation_expires_at", "reservation", ["expires_at"], "state = 'reserved'")
    create_partial_index(
        "ix_reservation_reserved", "reservation", ["client_id", "resource_id", "expires_at"], "state = 'reserved'"
    )


def create_usage_correction() -> None:
    op.create_table(
        "usage_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("counted", sa.String(length=8), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=True),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.CheckConstraint(
            "counted IN ('total', 'day', 'level', 'reserved', 'pool')", name=op.f("ck_usage_correction_counted")
        ),
        key_to("usage_correction", "client_id", "client"),
        key_to("usage_correction", "resource_id", "resource"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_correction")),
    )
    op.create_index(op.f("ix_usage_correction_client_id"), "usage_correction", ["client_id"])
    op.create_index(op.f("ix_usage_correction_found_at"), "usage_correction", ["found_at"])


def create_usage_day() -> None:
    op.create_table(
        "usage_day",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=True),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        key_to("usage_day", "client_id", "client"),
        key_to("usage_day", "resource_id", "resource"),
        key_to("usage_day", "workspace_id", "workspace"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_day")),
    )
    op.create_index(op.f("ix_usage_day_resource_id_day"), "usage_day", ["resource_id", "day"])
    create_partial_index(
        "uq_usage_day_client", "usage_day", ["client_id", "resource_id", "day"], "workspace_id IS NULL", unique=True
    )
    create_partial_index(
        "uq_usage_day_workspace",
        "usage_day",
        ["client_id", "resource_id", "day", "workspace_id"],
        "workspace_id IS NOT NULL",
        unique=True,
    )


def create_usage_period() -> None:
    op.create_table(
        "usage_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.CheckConstraint("source IN ('subscription', 'calendar')", name=op.f("ck_usage_period_source")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_usage_period_ends_at")),
        key_to("usage_period", "client_id", "client"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_period")),
        sa.UniqueConstraint("client_id", "starts_at", name=op.f("uq_usage_period_client_id_starts_at")),
    )


def create_usage_pool() -> None:
    op.create_table(
        "usage_pool",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=True),
        sa.Column("period_ends_at", TIME, nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("warned_percent", sa.Integer(), nullable=False),
        sa.CheckConstraint("ceiling >= 0", name=op.f("ck_usage_pool_ceiling")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_usage_pool_reserved")),
        key_to("usage_pool", "resource_id", "resource"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_pool")),
        sa.UniqueConstraint("mode", "resource_id", name=op.f("uq_usage_pool_mode_resource_id")),
    )


def create_usage_record() -> None:
    op.create_table(
        "usage_record",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=True),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("taken_back_at", TIME, nullable=True),
        sa.Column("taken_back_because", sa.String(length=200), server_default="", nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_usage_record_amount")),
        key_to("usage_record", "client_id", "client"),
        key_to("usage_record", "resource_id", "resource"),
        key_to("usage_record", "workspace_id", "workspace"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_record")),
        sa.UniqueConstraint("mode", "key", name=op.f("uq_usage_record_mode_key")),
    )
    op.create_index(
        op.f("ix_usage_record_client_id_resource_id_at"), "usage_record", ["client_id", "resource_id", "at"]
    )
    op.create_index(op.f("ix_usage_record_received_at"), "usage_record", ["received_at"])


def create_usage_total() -> None:
    op.create_table(
        "usage_total",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("period_starts_at", TIME, nullable=False),
        sa.Column("period_ends_at", TIME, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        key_to("usage_total", "client_id", "client"),
        key_to("usage_total", "resource_id", "resource"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_total")),
        sa.UniqueConstraint(
            "client_id",
            "resource_id",
            "period_starts_at",
            name=op.f("uq_usage_total_client_id_resource_id_period_starts_at"),
        ),
    )


def add_columns() -> None:
    with op.batch_alter_table("entitlement") as batch:
        batch.add_column(sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"))
    with op.batch_alter_table("entitlement") as batch:
        batch.alter_column("revision", server_default=None)
    with op.batch_alter_table("resource") as batch:
        batch.add_column(sa.Column("when_unreachable", sa.String(length=6), nullable=False, server_default="open"))
        batch.add_column(sa.Column("warns_at_80", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.add_column(sa.Column("warns_at_100", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.create_check_constraint(op.f("ck_resource_when_unreachable"), "when_unreachable IN ('open', 'closed')")
    with op.batch_alter_table("resource") as batch:
        for column in ("when_unreachable", "warns_at_80", "warns_at_100"):
            batch.alter_column(column, server_default=None)


def fill_client_usage() -> None:
    """What clients use today, from the levels of their workspaces and the number of workspaces."""
    op.execute(
        """
        INSERT INTO client_usage (client_id, resource_id, used, reserved, revision, checked_revision, changed_at)
        SELECT workspace.client_id, workspace_usage.resource_id, SUM(workspace_usage.used), 0, 1, 0, CURRENT_TIMESTAMP
        FROM workspace JOIN workspace_usage ON workspace_usage.workspace_id = workspace.id
        JOIN resource ON resource.id = workspace_usage.resource_id AND resource.kind = 'gauge'
        WHERE workspace.archived_at IS NULL AND resource.key <> 'workspaces'
        GROUP BY workspace.client_id, workspace_usage.resource_id
        UNION ALL
        SELECT workspace.client_id, resource.id, COUNT(*), 0, 1, 0, CURRENT_TIMESTAMP
        FROM workspace JOIN resource ON resource.key = 'workspaces'
        WHERE workspace.archived_at IS NULL
        GROUP BY workspace.client_id, resource.id
        """
    )


def downgrade() -> None:
    with op.batch_alter_table("resource") as batch:
        batch.drop_constraint(op.f("ck_resource_when_unreachable"), type_="check")
        for column in ("warns_at_100", "warns_at_80", "when_unreachable"):
            batch.drop_column(column)
    with op.batch_alter_table("entitlement") as batch:
        batch.drop_column("revision")
    for table in reversed(TABLES):
        op.drop_table(table)
