"""create clients and what they are entitled to

Revision ID: create_clients
Revises: create_payment_rows
"""

import sqlalchemy as sa
from alembic import op

revision = "create_clients"
down_revision = "create_payment_rows"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit_entry") as batch_op:
        batch_op.drop_constraint(op.f("ck_audit_entry_actor"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_audit_entry_actor"), "actor IN ('staff', 'client', 'sync', 'command')"
        )

    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=True),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("base_plan_id", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.String(length=200), nullable=False),
        sa.Column("is_leaving", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evaluation_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('sign_up', 'staff', 'adoption')", name=op.f("ck_client_source")),
        sa.ForeignKeyConstraint(["base_plan_id"], ["plan.id"], name=op.f("fk_client_base_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("mode", "external_id", name=op.f("uq_client_mode_external_id")),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_base_plan_id"), ["base_plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_evaluation_due_at"), ["evaluation_due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_mode_email"), ["mode", "email"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_mode_folded_name"), ["mode", "folded_name"], unique=False)

    op.create_table(
        "cancellation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_subscription_id", sa.String(), nullable=False),
        sa.Column("is_at_once", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_cancellation_client_id_client")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_cancellation_processor_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_cancellation_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation")),
    )
    with op.batch_alter_table("cancellation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cancellation_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_cancellation_stripe_subscription_id"), ["stripe_subscription_id"], unique=False
        )

    op.create_table(
        "checkout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("visitor", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("stripe_checkout_session_id", sa.String(), nullable=True),
        sa.Column("stripe_subscription_id", sa.String(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('intended', 'open', 'complete', 'expired', 'failed')", name=op.f("ck_checkout_state")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_checkout_client_id_client")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_checkout_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_checkout_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout")),
        sa.UniqueConstraint("token", name=op.f("uq_checkout_token")),
    )
    with op.batch_alter_table("checkout", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkout_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_checkout_processor_account_id_stripe_checkout_session_id"),
            ["processor_account_id", "stripe_checkout_session_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_checkout_stripe_subscription_id"), ["stripe_subscription_id"], unique=False
        )
        batch_op.create_index(
            "uq_checkout_running",
            ["client_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('intended', 'open')"),
            postgresql_where=sa.text("state IN ('intended', 'open')"),
        )

    op.create_table(
        "client_customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_customer_client_id_client")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_client_customer_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_customer")),
        sa.UniqueConstraint(
            "client_id", "processor_account_id", name=op.f("uq_client_customer_client_id_processor_account_id")
        ),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_customer_id",
            name=op.f("uq_client_customer_processor_account_id_stripe_customer_id"),
        ),
    )
    op.create_table(
        "comp",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_comp_client_id_client")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_comp_plan_id_plan")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_comp_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comp")),
    )
    with op.batch_alter_table("comp", schema=None) as batch_op:
        batch_op.create_index(
            "uq_comp_running",
            ["client_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "entitlement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("access", sa.String(length=9), nullable=False),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=9), nullable=False),
        sa.Column("step_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renews_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_over_quota", sa.Boolean(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=True),
        sa.Column("stripe_subscription_id", sa.String(), nullable=True),
        sa.Column("other_subscriptions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("proven", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("access IN ('full', 'limited', 'suspended')", name=op.f("ck_entitlement_access")),
        sa.CheckConstraint("source IN ('comp', 'subscription', 'base', 'none')", name=op.f("ck_entitlement_source")),
        sa.CheckConstraint(
            "step IN ('none', 'grace', 'warned', 'limited', 'suspended')", name=op.f("ck_entitlement_step")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_entitlement_client_id_client")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_entitlement_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_entitlement_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement")),
        sa.UniqueConstraint("client_id", name=op.f("uq_entitlement_client_id")),
    )
    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entitlement_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_entitlement_renews_at"), ["renews_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_entitlement_standing"), ["standing"], unique=False)

    op.create_table(
        "plan_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_subscription_id", sa.String(), nullable=False),
        sa.Column("from_plan_id", sa.Integer(), nullable=True),
        sa.Column("to_plan_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("timing", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("preview", sa.JSON(), nullable=False),
        sa.Column("prorated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("takes_effect_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stripe_schedule_id", sa.String(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('intended', 'waiting', 'scheduled', 'done', 'declined', 'canceled', 'failed')",
            name=op.f("ck_plan_move_state"),
        ),
        sa.CheckConstraint("timing IN ('now', 'renewal')", name=op.f("ck_plan_move_timing")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_plan_move_client_id_client")),
        sa.ForeignKeyConstraint(["from_plan_id"], ["plan.id"], name=op.f("fk_plan_move_from_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_plan_move_processor_account_id_processor_account"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_plan_move_staff_id_staff")),
        sa.ForeignKeyConstraint(["to_plan_id"], ["plan.id"], name=op.f("fk_plan_move_to_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_move")),
    )
    with op.batch_alter_table("plan_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_move_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_plan_move_stripe_subscription_id"), ["stripe_subscription_id"], unique=False
        )
        batch_op.create_index(
            "uq_plan_move_running",
            ["client_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('intended', 'waiting', 'scheduled')"),
            postgresql_where=sa.text("state IN ('intended', 'waiting', 'scheduled')"),
        )

    op.create_table(
        "quota_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quota IS NULL OR quota >= 0", name=op.f("ck_quota_override_quota")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_quota_override_client_id_client")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_quota_override_resource_id_resource")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_quota_override_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_override")),
    )
    with op.batch_alter_table("quota_override", schema=None) as batch_op:
        batch_op.create_index(
            "uq_quota_override_running",
            ["client_id", "resource_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "workspace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_workspace_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("mode", "external_id", name=op.f("uq_workspace_mode_external_id")),
    )
    with op.batch_alter_table("workspace", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workspace_client_id"), ["client_id"], unique=False)

    op.create_table(
        "entitled_quota",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entitlement_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.Column("reaction", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_entitled_quota_client_id_client")),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlement.id"], name=op.f("fk_entitled_quota_entitlement_id_entitlement")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_entitled_quota_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitled_quota")),
        sa.UniqueConstraint("client_id", "resource_id", name=op.f("uq_entitled_quota_client_id_resource_id")),
    )
    with op.batch_alter_table("entitled_quota", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entitled_quota_entitlement_id"), ["entitlement_id"], unique=False)

    op.create_table(
        "workspace_usage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_workspace_usage_used")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_workspace_usage_resource_id_resource")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_workspace_usage_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace_usage")),
        sa.UniqueConstraint("workspace_id", "resource_id", name=op.f("uq_workspace_usage_workspace_id_resource_id")),
    )
    with op.batch_alter_table("workspace_usage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workspace_usage_resource_id"), ["resource_id"], unique=False)

    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trial_end", sa.String(length=7), nullable=False, server_default="default"))
        batch_op.create_check_constraint(op.f("ck_plan_trial_end"), "trial_end IN ('pause', 'cancel', 'default')")


def downgrade() -> None:
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_plan_trial_end"), type_="check")
        batch_op.drop_column("trial_end")

    with op.batch_alter_table("workspace_usage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workspace_usage_resource_id"))

    op.drop_table("workspace_usage")
    with op.batch_alter_table("entitled_quota", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entitled_quota_entitlement_id"))

    op.drop_table("entitled_quota")
    with op.batch_alter_table("workspace", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workspace_client_id"))

    op.drop_table("workspace")
    with op.batch_alter_table("quota_override", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_quota_override_running",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.drop_table("quota_override")
    with op.batch_alter_table("plan_move", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_plan_move_running",
            sqlite_where=sa.text("state IN ('intended', 'waiting', 'scheduled')"),
            postgresql_where=sa.text("state IN ('intended', 'waiting', 'scheduled')"),
        )
        batch_op.drop_index(batch_op.f("ix_plan_move_stripe_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_plan_move_client_id"))

    op.drop_table("plan_move")
    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entitlement_standing"))
        batch_op.drop_index(batch_op.f("ix_entitlement_renews_at"))
        batch_op.drop_index(batch_op.f("ix_entitlement_plan_id"))

    op.drop_table("entitlement")
    with op.batch_alter_table("comp", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_comp_running", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )

    op.drop_table("comp")
    op.drop_table("client_customer")
    with op.batch_alter_table("checkout", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_checkout_running",
            sqlite_where=sa.text("state IN ('intended', 'open')"),
            postgresql_where=sa.text("state IN ('intended', 'open')"),
        )
        batch_op.drop_index(batch_op.f("ix_checkout_stripe_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_checkout_processor_account_id_stripe_checkout_session_id"))
        batch_op.drop_index(batch_op.f("ix_checkout_client_id"))

    op.drop_table("checkout")
    with op.batch_alter_table("cancellation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cancellation_stripe_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_cancellation_client_id"))

    op.drop_table("cancellation")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_mode_folded_name"))
        batch_op.drop_index(batch_op.f("ix_client_mode_email"))
        batch_op.drop_index(batch_op.f("ix_client_evaluation_due_at"))
        batch_op.drop_index(batch_op.f("ix_client_base_plan_id"))

    op.drop_table("client")
    op.execute("DELETE FROM audit_entry WHERE actor = 'client'")
    with op.batch_alter_table("audit_entry") as batch_op:
        batch_op.drop_constraint(op.f("ck_audit_entry_actor"), type_="check")
        batch_op.create_check_constraint(op.f("ck_audit_entry_actor"), "actor IN ('staff', 'sync', 'command')")
