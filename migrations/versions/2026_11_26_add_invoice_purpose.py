"""add the purpose of an invoice: what a one-off invoice is for

Revision ID: add_invoice_purpose
Revises: create_payment_attempts
"""

import sqlalchemy as sa
from alembic import op

revision = "add_invoice_purpose"
down_revision = "create_payment_attempts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoice", sa.Column("purpose", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoice", "purpose")
