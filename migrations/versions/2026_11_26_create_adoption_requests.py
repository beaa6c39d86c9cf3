"""create adoption requests: attempts to buy with the address of a customer that has no client

Revision ID: create_adoption_requests
Revises: add_canonical_addresses
"""

import sqlalchemy as sa
from alembic import op

revision = "create_adoption_requests"
down_revision = "add_canonical_addresses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adoption_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("canonical_email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_adoption_request_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adoption_request")),
        sa.UniqueConstraint(
            "processor_account_id",
            "canonical_email",
            name=op.f("uq_adoption_request_processor_account_id_canonical_email"),
        ),
    )


def downgrade() -> None:
    op.drop_table("adoption_request")
