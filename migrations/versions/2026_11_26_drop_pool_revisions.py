"""drop pool revisions: the tag of an answer is made of what the pools have left

Revision ID: drop_pool_revisions
Revises: add_announced_revision
"""

import sqlalchemy as sa
from alembic import op

revision = "drop_pool_revisions"
down_revision = "add_announced_revision"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("usage_pool") as batch:
        batch.drop_column("revision")


def downgrade() -> None:
    with op.batch_alter_table("usage_pool") as batch:
        batch.add_column(sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"))
    with op.batch_alter_table("usage_pool") as batch:
        batch.alter_column("revision", server_default=None)
