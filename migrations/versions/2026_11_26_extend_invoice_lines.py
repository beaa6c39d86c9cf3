"""extend invoice lines: included tax, credit grants and the product of a price that is not stored

Revision ID: extend_invoice_lines
Revises: add_metering_fields
"""

import sqlalchemy as sa
from alembic import op

revision = "extend_invoice_lines"
down_revision = "add_metering_fields"
branch_labels = None
depends_on = None

AMOUNTS = ("credit_minor", "included_tax_minor")


def upgrade() -> None:
    with op.batch_alter_table("invoice_line") as batch:
        for name in AMOUNTS:
            batch.add_column(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
        batch.add_column(sa.Column("stripe_product_id", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("invoice_line") as batch:
        batch.drop_column("stripe_product_id")
        for name in reversed(AMOUNTS):
            batch.drop_column(name)
