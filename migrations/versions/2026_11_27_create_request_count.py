"""create request_count: answered requests by kind and status

Revision ID: create_request_count
Revises: create_report_key
"""

import sqlalchemy as sa
from alembic import op

revision = "create_request_count"
down_revision = "create_report_key"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request_count",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=3), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "status", name=op.f("pk_request_count")),
    )


def downgrade() -> None:
    op.drop_table("request_count")
