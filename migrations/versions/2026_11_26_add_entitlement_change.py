"""add entitlement change: when the answer to the host platform changed last

Revision ID: add_entitlement_change
Revises: slim_usage_records
"""

import sqlalchemy as sa
from alembic import op

revision = "add_entitlement_change"
down_revision = "slim_usage_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("entitlement") as batch:
        batch.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE entitlement SET changed_at = evaluated_at")
    with op.batch_alter_table("entitlement") as batch:
        batch.alter_column("changed_at", nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("entitlement") as batch:
        batch.drop_column("changed_at")
