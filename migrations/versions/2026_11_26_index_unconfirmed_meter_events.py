"""index unconfirmed meter events: the ledger asks Stripe for their days only

Revision ID: index_unconfirmed_meter_events
Revises: follow_client_meters
"""

import sqlalchemy as sa
from alembic import op

revision = "index_unconfirmed_meter_events"
down_revision = "follow_client_meters"
branch_labels = None
depends_on = None

NAME = "ix_meter_event_unconfirmed"
UNCONFIRMED = sa.text("state IN ('sent', 'in_doubt', 'cancelling')")


def upgrade() -> None:
    op.create_index(
        NAME, "meter_event", ["client_meter_id", "day"], sqlite_where=UNCONFIRMED, postgresql_where=UNCONFIRMED
    )


def downgrade() -> None:
    op.drop_index(NAME, table_name="meter_event")
