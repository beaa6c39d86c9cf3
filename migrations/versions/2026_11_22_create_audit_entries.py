"""create audit entries: who changed what, when and why

Revision ID: create_audit_entries
Revises: create_staff
"""

import sqlalchemy as sa
from alembic import op

revision = "create_audit_entries"
down_revision = "create_staff"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("subject_type", sa.String(length=50), nullable=True),
        sa.Column("subject_id", sa.String(length=100), nullable=True),
        sa.Column("processor_account_id", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.CheckConstraint("actor IN ('staff', 'sync', 'command')", name=op.f("ck_audit_entry_actor")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_audit_entry_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    for columns in (["recorded_at"], ["subject_type", "subject_id"], ["staff_id"], ["processor_account_id"]):
        op.create_index(op.f("ix_audit_entry_" + "_".join(columns)), "audit_entry", columns)


def downgrade() -> None:
    op.drop_table("audit_entry")
