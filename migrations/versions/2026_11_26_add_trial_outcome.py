"""add trial outcome: what Stripe does when a trial ends without a payment method

For rows of before it is not known, and empty until their next snapshot.

Revision ID: add_trial_outcome
Revises: allow_api_clients
"""

import sqlalchemy as sa
from alembic import op

revision = "add_trial_outcome"
down_revision = "allow_api_clients"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscription", sa.Column("missing_payment_method", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("subscription") as changed:
        changed.drop_column("missing_payment_method")
