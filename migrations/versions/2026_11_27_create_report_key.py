"""create report key: what reports of rehearsals are signed with

Revision ID: create_report_key
Revises: add_clock_skew
"""

import sqlalchemy as sa
from alembic import op

revision = "create_report_key"
down_revision = "add_clock_skew"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("private_key_sealed", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_key")),
        sa.UniqueConstraint("public_key", name=op.f("uq_report_key_public_key")),
    )


def downgrade() -> None:
    op.drop_table("report_key")
