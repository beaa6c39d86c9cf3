"""add ledger: by how much a day differs, the events that no total has confirmed, and the sums of each meter

Revision ID: add_ledger
Revises: follow_client_meters
"""

import sqlalchemy as sa
from alembic import op

revision = "add_ledger"
down_revision = "follow_client_meters"
branch_labels = None
depends_on = None

UNCONFIRMED = sa.text("state IN ('sent', 'in_doubt', 'cancelling')")
UNSENT = sa.text("waiting <> 0")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index(
        "ix_meter_event_unconfirmed",
        "meter_event",
        ["client_meter_id", "day"],
        sqlite_where=UNCONFIRMED,
        postgresql_where=UNCONFIRMED,
    )
    with op.batch_alter_table("meter_day") as batch:
        batch.add_column(sa.Column("differs_by", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index("ix_meter_day_day", table_name="meter_day")
    op.create_index("ix_meter_day_day_client_meter_id", "meter_day", ["day", "client_meter_id"])
    op.create_index(
        "ix_meter_day_unsent", "meter_day", ["day", "client_meter_id"], sqlite_where=UNSENT, postgresql_where=UNSENT
    )
    op.drop_index("ix_client_meter_processor_account_id_stripe_meter_id", table_name="client_meter")
    op.create_index(
        "ix_client_meter_processor_account_id_stripe_meter_id_client_id",
        "client_meter",
        ["processor_account_id", "stripe_meter_id", "client_id"],
    )
    op.create_table(
        "meter_sum",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_meter_id", sa.String(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("at_stripe", sa.BigInteger(), nullable=False),
        sa.Column("agrees_up_to", TIME, nullable=True),
        sa.Column("summed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_meter_sum_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_sum")),
        sa.UniqueConstraint(
            "processor_account_id",
            "stripe_meter_id",
            name=op.f("uq_meter_sum_processor_account_id_stripe_meter_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("meter_sum")
    op.drop_index("ix_client_meter_processor_account_id_stripe_meter_id_client_id", table_name="client_meter")
    op.create_index(
        "ix_client_meter_processor_account_id_stripe_meter_id",
        "client_meter",
        ["processor_account_id", "stripe_meter_id"],
    )
    op.drop_index("ix_meter_day_unsent", table_name="meter_day")
    op.drop_index("ix_meter_day_day_client_meter_id", table_name="meter_day")
    op.create_index("ix_meter_day_day", "meter_day", ["day"])
    with op.batch_alter_table("meter_day") as batch:
        batch.drop_column("differs_by")
    op.drop_index("ix_meter_event_unconfirmed", table_name="meter_event")
