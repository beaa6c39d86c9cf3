"""index throw-away clients: a few rows of the table, which every query leaves out

Revision ID: index_throw_away_clients
Revises: create_rehearsal
"""

import sqlalchemy as sa
from alembic import op

revision = "index_throw_away_clients"
down_revision = "create_rehearsal"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_client_is_rehearsal",
        "client",
        ["is_rehearsal"],
        sqlite_where=sa.text("is_rehearsal = 1"),
        postgresql_where=sa.text("is_rehearsal"),
    )


def downgrade() -> None:
    op.drop_index("ix_client_is_rehearsal", "client")
