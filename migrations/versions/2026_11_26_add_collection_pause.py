"""add collection pause: what becomes of invoices while their collection is paused, and until when

Revision ID: add_collection_pause
Revises: create_browser_sessions
"""

import sqlalchemy as sa
from alembic import op

revision = "add_collection_pause"
down_revision = "create_browser_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscription") as changed:
        changed.add_column(sa.Column("collection_pause_behavior", sa.String(), nullable=True))
        changed.add_column(sa.Column("collection_resumes_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subscription") as changed:
        changed.drop_column("collection_resumes_at")
        changed.drop_column("collection_pause_behavior")
