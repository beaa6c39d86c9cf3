"""create go live: chosen twins, promotions, waivers and facts

Revision ID: create_go_live
Revises: name_customers_of_events
"""

import sqlalchemy as sa
from alembic import op

revision = "create_go_live"
down_revision = "name_customers_of_events"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_twin_choice()
    create_promotion()
    create_promotion_step()
    create_checklist_waiver()
    create_live_fact()


def downgrade() -> None:
    op.drop_table("live_fact")
    op.drop_table("checklist_waiver")
    op.drop_table("promotion_step")
    op.drop_table("promotion")
    op.drop_table("twin_choice")


def create_twin_choice() -> None:
    op.create_table(
        "twin_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("live_account_id", sa.Integer(), nullable=False),
        sa.Column("object_type", sa.String(length=7), nullable=False),
        sa.Column("test_object_id", sa.String(), nullable=False),
        sa.Column("live_object_id", sa.String(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("chosen_at", TIME, nullable=False),
        sa.CheckConstraint("object_type IN ('price', 'product')", name=op.f("ck_twin_choice_object_type")),
        sa.ForeignKeyConstraint(
            ["live_account_id"],
            ["processor_account.id"],
            name=op.f("fk_twin_choice_live_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_twin_choice_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_twin_choice")),
        sa.UniqueConstraint(
            "live_account_id",
            "object_type",
            "test_object_id",
            name=op.f("uq_twin_choice_live_account_id_object_type_test_object_id"),
        ),
    )


def create_promotion() -> None:
    op.create_table(
        "promotion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("live_account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("try_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint("state IN ('running', 'ended')", name=op.f("ck_promotion_state")),
        sa.ForeignKeyConstraint(
            ["live_account_id"], ["processor_account.id"], name=op.f("fk_promotion_live_account_id_processor_account")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_promotion_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
    )
    op.create_index(
        "uq_promotion_running",
        "promotion",
        ["live_account_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def create_promotion_step() -> None:
    op.create_table(
        "promotion_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("stripe_object_id", sa.String(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("failed_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint("kind IN ('meter', 'product', 'price', 'link')", name=op.f("ck_promotion_step_kind")),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name=op.f("ck_promotion_step_state")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name=op.f("fk_promotion_step_promotion_id_promotion")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_step")),
        sa.UniqueConstraint("promotion_id", "position", name=op.f("uq_promotion_step_promotion_id_position")),
    )
    op.create_index(op.f("ix_promotion_step_kind_subject"), "promotion_step", ["kind", "subject"], unique=False)


def create_checklist_waiver() -> None:
    op.create_table(
        "checklist_waiver",
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("waived_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_checklist_waiver_staff_id_staff")),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_checklist_waiver")),
    )


def create_live_fact() -> None:
    op.create_table(
        "live_fact",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("checked_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('good', 'bad', 'unknown')", name=op.f("ck_live_fact_state")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_live_fact")),
    )
