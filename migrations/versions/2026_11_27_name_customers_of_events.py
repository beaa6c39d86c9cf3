"""name customers of events: so that the events of a rehearsal's customers can be left out

Revision ID: name_customers_of_events
Revises: index_throw_away_clients
"""

import sqlalchemy as sa
from alembic import op

revision = "name_customers_of_events"
down_revision = "index_throw_away_clients"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a batch: SQLite would copy the whole inbox.
    op.add_column("stripe_event", sa.Column("stripe_customer_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("stripe_event", "stripe_customer_id")
