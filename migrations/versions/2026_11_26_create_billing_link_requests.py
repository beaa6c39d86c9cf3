"""create billing link requests: answered by a job, so that nobody learns from the time whether an address is known

Revision ID: create_billing_link_requests
Revises: create_adoption_requests
"""

import sqlalchemy as sa
from alembic import op

revision = "create_billing_link_requests"
down_revision = "create_adoption_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "billing_link_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("canonical_email", sa.String(length=254), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_link_request")),
    )


def downgrade() -> None:
    op.drop_table("billing_link_request")
