"""create failed reads: objects and lists of Stripe's that could not be read

Revision ID: create_failed_reads
Revises: create_sign_up_requests
"""

import sqlalchemy as sa
from alembic import op

revision = "create_failed_reads"
down_revision = "create_sign_up_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_read",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_failed_read_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_read")),
        sa.UniqueConstraint(
            "processor_account_id",
            "object_type",
            "object_id",
            name=op.f("uq_failed_read_processor_account_id_object_type_object_id"),
        ),
    )
    op.create_index(
        op.f("ix_failed_read_processor_account_id_next_attempt_at"),
        "failed_read",
        ["processor_account_id", "next_attempt_at"],
    )


def downgrade() -> None:
    op.drop_table("failed_read")
