"""create health: checks, findings, audits and the record of jobs

Revision ID: create_health
Revises: add_ledger
"""

import sqlalchemy as sa
from alembic import op

revision = "create_health"
down_revision = "add_ledger"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_health_check()
    create_job_run()
    create_health_finding()
    create_stripe_audit()
    create_stripe_audit_entry()


def downgrade() -> None:
    op.drop_table("stripe_audit_entry")
    op.drop_table("stripe_audit")
    op.drop_table("health_finding")
    op.drop_table("job_run")
    op.drop_table("health_check")


def create_health_check() -> None:
    op.create_table(
        "health_check",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("as_of", TIME, nullable=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('finished', 'unknown')", name=op.f("ck_health_check_state")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_health_check")),
    )


def create_job_run() -> None:
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("failures_in_a_row", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("failed_at", TIME, nullable=True),
        sa.Column("reported_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_run")),
    )


def create_health_finding() -> None:
    op.create_table(
        "health_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=True),
        sa.Column("severity", sa.String(length=6), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("action", sa.JSON(), nullable=False),
        sa.Column("seen_in_a_row", sa.Integer(), nullable=False),
        sa.Column("times_raised", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("raised_at", TIME, nullable=True),
        sa.Column("gone_at", TIME, nullable=True),
        sa.Column("mailed_at", TIME, nullable=True),
        sa.Column("snoozed_until", TIME, nullable=True),
        sa.Column("snooze_reason", sa.String(length=200), nullable=False),
        sa.Column("snoozed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("mode IN ('test', 'live')", name=op.f("ck_health_finding_mode")),
        sa.CheckConstraint("severity IN ('money', 'access', 'soon', 'note')", name=op.f("ck_health_finding_severity")),
        sa.ForeignKeyConstraint(["snoozed_by_id"], ["staff.id"], name=op.f("fk_health_finding_snoozed_by_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_finding")),
        sa.UniqueConstraint("key", "subject", name=op.f("uq_health_finding_key_subject")),
    )
    op.create_index(
        op.f("ix_health_finding_raised_at_gone_at"), "health_finding", ["raised_at", "gone_at"], unique=False
    )


def create_stripe_audit() -> None:
    op.create_table(
        "stripe_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.CheckConstraint("state IN ('running', 'finished', 'broken')", name=op.f("ck_stripe_audit_state")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_stripe_audit_client_id_client")),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_stripe_audit_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_audit")),
    )
    op.create_index(
        op.f("ix_stripe_audit_processor_account_id_started_at"),
        "stripe_audit",
        ["processor_account_id", "started_at"],
        unique=False,
    )


def create_stripe_audit_entry() -> None:
    op.create_table(
        "stripe_audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stripe_audit_id", sa.Integer(), nullable=False),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("stripe_object_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.CheckConstraint("result IN ('repaired', 'reported')", name=op.f("ck_stripe_audit_entry_result")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_stripe_audit_entry_client_id_client")),
        sa.ForeignKeyConstraint(
            ["stripe_audit_id"], ["stripe_audit.id"], name=op.f("fk_stripe_audit_entry_stripe_audit_id_stripe_audit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_audit_entry")),
    )
    op.create_index(op.f("ix_stripe_audit_entry_client_id"), "stripe_audit_entry", ["client_id"], unique=False)
    op.create_index(
        op.f("ix_stripe_audit_entry_stripe_audit_id"), "stripe_audit_entry", ["stripe_audit_id"], unique=False
    )
