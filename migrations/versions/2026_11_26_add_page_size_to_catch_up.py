"""add to catch_up the size of its pages, and how far it has read the present list

Revision ID: add_page_size_to_catch_up
Revises: create_failed_reads
"""

import sqlalchemy as sa
from alembic import op

revision = "add_page_size_to_catch_up"
down_revision = "create_failed_reads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("catch_up", sa.Column("page_size", sa.Integer(), nullable=False, server_default="100"))
    op.add_column("catch_up", sa.Column("list_percent", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for column in ("list_percent", "page_size"):
        with op.batch_alter_table("catch_up") as changed:
            changed.drop_column(column)
