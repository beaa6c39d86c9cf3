"""create the settings of the API

Revision ID: create_api_settings
Revises: create_api_keys
"""

import sqlalchemy as sa
from alembic import op

revision = "create_api_settings"
down_revision = "create_api_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("requests_per_second", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_api_settings_only_one")),
        sa.CheckConstraint("requests_per_second > 0", name=op.f("ck_api_settings_requests_per_second")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_settings")),
    )


def downgrade() -> None:
    op.drop_table("api_settings")
