"""follow client meters: which subscription bills them, several times of one meter, and what was prepared

Revision ID: follow_client_meters
Revises: extend_invoice_lines
"""

import sqlalchemy as sa
from alembic import op

revision = "follow_client_meters"
down_revision = "extend_invoice_lines"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEY = ["client_id", "resource_id", "processor_account_id", "stripe_meter_id"]
UNIQUE = f"uq_client_meter_{'_'.join(KEY)}"
UNIQUE_BY_TIME = f"{UNIQUE}_begins_at"
TO_METER = sa.text("metered_as_of IS NULL OR metered_as_of <> evaluated_at")


def upgrade() -> None:
    with op.batch_alter_table("client_meter") as batch:
        batch.drop_constraint(op.f(UNIQUE), type_="unique")
        batch.drop_column("prepared_until")
        batch.add_column(sa.Column("stripe_subscription_id", sa.String(), nullable=True))
        batch.add_column(sa.Column("billed_from", TIME, nullable=True))
        batch.add_column(sa.Column("prepared_at", TIME, nullable=True))
        batch.add_column(sa.Column("period_ends_at", TIME, nullable=True))
        batch.create_unique_constraint(op.f(UNIQUE_BY_TIME), [*KEY, "begins_at"])
        batch.create_index(op.f("ix_client_meter_period_ends_at"), ["period_ends_at"])
    op.execute("UPDATE client_meter SET prepared_revision = -1")
    with op.batch_alter_table("meter_day") as batch:
        batch.add_column(sa.Column("prepared", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("entitlement") as batch:
        batch.add_column(sa.Column("metered_as_of", TIME, nullable=True))
    op.create_index(
        "ix_entitlement_to_meter", "entitlement", ["client_id"], sqlite_where=TO_METER, postgresql_where=TO_METER
    )


def downgrade() -> None:
    op.drop_index("ix_entitlement_to_meter", table_name="entitlement")
    with op.batch_alter_table("entitlement") as batch:
        batch.drop_column("metered_as_of")
    with op.batch_alter_table("meter_day") as batch:
        batch.drop_column("prepared")
    with op.batch_alter_table("client_meter") as batch:
        batch.drop_index(op.f("ix_client_meter_period_ends_at"))
        batch.drop_constraint(op.f(UNIQUE_BY_TIME), type_="unique")
        batch.drop_column("period_ends_at")
        batch.drop_column("prepared_at")
        batch.drop_column("billed_from")
        batch.drop_column("stripe_subscription_id")
        batch.add_column(sa.Column("prepared_until", TIME, nullable=True))
        batch.create_unique_constraint(op.f(UNIQUE), KEY)
