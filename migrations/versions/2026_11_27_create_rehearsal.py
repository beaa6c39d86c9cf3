"""create rehearsal: throw-away clients' lives on test clocks

Revision ID: create_rehearsal
Revises: create_health
"""

import sqlalchemy as sa
from alembic import op

revision = "create_rehearsal"
down_revision = "create_health"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_rehearsal()
    create_rehearsal_life()
    create_rehearsal_client()
    create_rehearsal_step()
    with op.batch_alter_table("client") as batch:
        batch.add_column(sa.Column("is_rehearsal", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("client") as batch:
        batch.drop_column("is_rehearsal")
    op.drop_table("rehearsal_step")
    op.drop_table("rehearsal_client")
    op.drop_table("rehearsal_life")
    op.drop_table("rehearsal")


def create_rehearsal() -> None:
    op.create_table(
        "rehearsal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=True),
        sa.Column("event_road", sa.String(length=8), nullable=True),
        sa.Column("is_quick", sa.Boolean(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("signature", sa.String(length=88), nullable=True),
        sa.Column("public_key_id", sa.String(length=64), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("lease", sa.String(length=16), nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint("event_road IN ('webhook', 'catch_up')", name=op.f("ck_rehearsal_event_road")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'canceling', 'finished', 'canceled', 'broken')",
            name=op.f("ck_rehearsal_state"),
        ),
        sa.CheckConstraint("verdict IN ('passed', 'failed', 'not_provable')", name=op.f("ck_rehearsal_verdict")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_rehearsal_processor_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_rehearsal_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsal")),
    )
    op.create_index(op.f("ix_rehearsal_processor_account_id"), "rehearsal", ["processor_account_id"], unique=False)
    op.create_index(
        "uq_rehearsal_under_way",
        "rehearsal",
        ["processor_account_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running', 'canceling')"),
        postgresql_where=sa.text("state IN ('queued', 'running', 'canceling')"),
    )


def create_rehearsal_life() -> None:
    op.create_table(
        "rehearsal_life",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rehearsal_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("interval", sa.String(length=5), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("stripe_test_clock_id", sa.String(), nullable=True),
        sa.Column("clock_deleted_at", TIME, nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'cleaning', 'ended')", name=op.f("ck_rehearsal_life_state")
        ),
        sa.CheckConstraint("verdict IN ('passed', 'failed', 'not_provable')", name=op.f("ck_rehearsal_life_verdict")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_rehearsal_life_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["rehearsal_id"], ["rehearsal.id"], name=op.f("fk_rehearsal_life_rehearsal_id_rehearsal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsal_life")),
        sa.UniqueConstraint(
            "rehearsal_id",
            "plan_id",
            "interval",
            "interval_count",
            "currency",
            "attempt",
            name="uq_rehearsal_life_attempt",
        ),
    )
    op.create_index(op.f("ix_rehearsal_life_plan_id"), "rehearsal_life", ["plan_id"], unique=False)


def create_rehearsal_client() -> None:
    op.create_table(
        "rehearsal_client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rehearsal_life_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=7), nullable=False),
        sa.CheckConstraint("part IN ('buyer', 'changer', 'debtor')", name=op.f("ck_rehearsal_client_part")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_rehearsal_client_client_id_client")),
        sa.ForeignKeyConstraint(
            ["rehearsal_life_id"],
            ["rehearsal_life.id"],
            name=op.f("fk_rehearsal_client_rehearsal_life_id_rehearsal_life"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsal_client")),
        sa.UniqueConstraint("client_id", name=op.f("uq_rehearsal_client_client_id")),
        sa.UniqueConstraint("rehearsal_life_id", "part", name=op.f("uq_rehearsal_client_rehearsal_life_id_part")),
    )


def create_rehearsal_step() -> None:
    op.create_table(
        "rehearsal_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rehearsal_life_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("intent", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("clock_at", TIME, nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'intended', 'done', 'ended')", name=op.f("ck_rehearsal_step_state")),
        sa.CheckConstraint(
            "verdict IN ('passed', 'failed', 'left_out', 'not_provable')", name=op.f("ck_rehearsal_step_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["rehearsal_life_id"],
            ["rehearsal_life.id"],
            name=op.f("fk_rehearsal_step_rehearsal_life_id_rehearsal_life"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsal_step")),
        sa.UniqueConstraint("rehearsal_life_id", "position", name=op.f("uq_rehearsal_step_rehearsal_life_id_position")),
    )
