"""create the branding of the public pages

Revision ID: create_branding
Revises: create_plans
"""

import sqlalchemy as sa
from alembic import op

revision = "create_branding"
down_revision = "create_plans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "branding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("colour", sa.String(length=7), nullable=False),
        sa.Column("headline", sa.String(length=100), nullable=False),
        sa.Column("privacy_url", sa.String(length=500), nullable=False),
        sa.Column("terms_url", sa.String(length=500), nullable=False),
        sa.Column("contact_url", sa.String(length=500), nullable=False),
        sa.Column("embedding_origins", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_branding_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branding")),
    )

    op.create_table(
        "brand_picture",
        sa.Column("use", sa.String(length=12), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("use", name=op.f("pk_brand_picture")),
    )


def downgrade() -> None:
    op.drop_table("brand_picture")
    op.drop_table("branding")
