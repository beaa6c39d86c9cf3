"""add unread invoice: the invoice that has to be read before it is known what a client paid for

Revision ID: add_unread_invoice
Revises: add_trial_outcome
"""

import sqlalchemy as sa
from alembic import op

revision = "add_unread_invoice"
down_revision = "add_trial_outcome"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entitlement", sa.Column("unread_stripe_invoice_id", sa.String(), nullable=True))
    op.create_index(
        op.f("ix_entitlement_unread_stripe_invoice_id"), "entitlement", ["unread_stripe_invoice_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_entitlement_unread_stripe_invoice_id"), "entitlement")
    with op.batch_alter_table("entitlement") as changed:
        changed.drop_column("unread_stripe_invoice_id")
