"""create resources, with the four that every portal starts with

Revision ID: create_resources
Revises: create_stripe_rows
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "create_resources"
down_revision = "create_stripe_rows"
branch_labels = None
depends_on = None

BUILT_IN = (
    ("contacts", "Contacts", "contacts"),
    ("workspaces", "Workspaces", "workspaces"),
    ("channels", "Channels", "channels"),
    ("team_members", "Team members", "team members"),
)


def upgrade() -> None:
    op.create_table(
        "resource",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("is_built_in", sa.Boolean(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('gauge', 'counter')", name=op.f("ck_resource_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("key", name=op.f("uq_resource_key")),
        sa.UniqueConstraint("name", name=op.f("uq_resource_name")),
    )

    resources = sa.table(
        "resource",
        sa.column("key", sa.String),
        sa.column("name", sa.String),
        sa.column("unit", sa.String),
        sa.column("kind", sa.String),
        sa.column("is_built_in", sa.Boolean),
        sa.column("is_hidden", sa.Boolean),
        sa.column("position", sa.Integer),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    moment = datetime.now(UTC)
    op.bulk_insert(
        resources,
        [
            {
                "key": key,
                "name": name,
                "unit": unit,
                "kind": "gauge",
                "is_built_in": True,
                "is_hidden": False,
                "position": position,
                "created_at": moment,
            }
            for position, (key, name, unit) in enumerate(BUILT_IN)
        ],
    )


def downgrade() -> None:
    op.drop_table("resource")
