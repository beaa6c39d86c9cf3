"""add the used share of its limit to what a client uses, for the list of clients near a limit

Revision ID: share_of_limits
Revises: add_entitlement_change
"""

import sqlalchemy as sa
from alembic import op

revision = "share_of_limits"
down_revision = "add_entitlement_change"
branch_labels = None
depends_on = None

NEAR = sa.text("limit_percent >= 80")


def upgrade() -> None:
    op.add_column("client_usage", sa.Column("limit_percent", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_client_usage_near", "client_usage", ["limit_percent"], sqlite_where=NEAR, postgresql_where=NEAR)


def downgrade() -> None:
    op.drop_index("ix_client_usage_near", "client_usage")
    op.drop_column("client_usage", "limit_percent")
