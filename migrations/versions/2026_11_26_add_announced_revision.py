"""add announced revision: which change of an entitlement the host platform was told last

Revision ID: add_announced_revision
Revises: create_outgoing_webhooks
"""

import sqlalchemy as sa
from alembic import op

revision = "add_announced_revision"
down_revision = "create_outgoing_webhooks"
branch_labels = None
depends_on = None

TO_ANNOUNCE = sa.text("revision <> announced_revision")


def upgrade() -> None:
    with op.batch_alter_table("entitlement") as batch:
        batch.add_column(sa.Column("announced_revision", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE entitlement SET announced_revision = revision")
    with op.batch_alter_table("entitlement") as batch:
        batch.alter_column("announced_revision", server_default=None)
    op.create_index(
        "ix_entitlement_to_announce",
        "entitlement",
        ["client_id"],
        sqlite_where=TO_ANNOUNCE,
        postgresql_where=TO_ANNOUNCE,
    )


def downgrade() -> None:
    op.drop_index("ix_entitlement_to_announce", "entitlement")
    with op.batch_alter_table("entitlement") as batch:
        batch.drop_column("announced_revision")
