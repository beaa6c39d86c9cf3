"""create plans with their quotas, prices and changes

Revision ID: create_plans
Revises: create_resources
"""

import sqlalchemy as sa
from alembic import op

revision = "create_plans"
down_revision = "create_resources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_featured", sa.Boolean(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("trial_needs_card", sa.Boolean(), nullable=False),
        sa.Column("is_on_request", sa.Boolean(), nullable=False),
        sa.Column("features", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("NOT (is_default AND state = 'archived')", name=op.f("ck_plan_default_is_not_archived")),
        sa.CheckConstraint("state IN ('draft', 'active', 'archived')", name=op.f("ck_plan_state")),
        sa.CheckConstraint("trial_days >= 0 AND trial_days <= 730", name=op.f("ck_plan_trial_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_index(
        "uq_plan_is_default",
        "plan",
        ["is_default"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        "uq_plan_is_featured",
        "plan",
        ["is_featured"],
        unique=True,
        sqlite_where=sa.text("is_featured"),
        postgresql_where=sa.text("is_featured"),
    )

    op.create_table(
        "plan_quota",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.Column("reaction", sa.String(length=5), nullable=False),
        sa.CheckConstraint("reaction IN ('block', 'warn', 'bill')", name=op.f("ck_plan_quota_reaction")),
        sa.CheckConstraint("quota IS NULL OR quota >= 0", name=op.f("ck_plan_quota_quota")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_quota_plan_id_plan")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_plan_quota_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_quota")),
        sa.UniqueConstraint("plan_id", "resource_id", name=op.f("uq_plan_quota_plan_id_resource_id")),
    )
    op.create_index(op.f("ix_plan_quota_resource_id"), "plan_quota", ["resource_id"], unique=False)

    op.create_table(
        "plan_price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_price_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("linked_as", sa.JSON(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(role = 'flat') = (resource_id IS NULL)", name=op.f("ck_plan_price_resource")),
        sa.CheckConstraint("role IN ('flat', 'quantity', 'usage')", name=op.f("ck_plan_price_role")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_price_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_plan_price_processor_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_plan_price_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_price")),
        sa.UniqueConstraint(
            "plan_id",
            "processor_account_id",
            "stripe_price_id",
            name=op.f("uq_plan_price_plan_id_processor_account_id_stripe_price_id"),
        ),
    )
    op.create_index(
        op.f("ix_plan_price_processor_account_id_stripe_price_id"),
        "plan_price",
        ["processor_account_id", "stripe_price_id"],
        unique=False,
    )
    op.create_index(op.f("ix_plan_price_resource_id"), "plan_price", ["resource_id"], unique=False)

    op.create_table(
        "plan_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("applies_to", sa.String(length=12), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "applies_to IN ('everybody', 'renewals', 'new_clients')", name=op.f("ck_plan_change_applies_to")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_change_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_change")),
    )
    op.create_index(op.f("ix_plan_change_plan_id"), "plan_change", ["plan_id"], unique=False)


def downgrade() -> None:
    op.drop_table("plan_change")
    op.drop_table("plan_price")
    op.drop_table("plan_quota")
    op.drop_table("plan")
