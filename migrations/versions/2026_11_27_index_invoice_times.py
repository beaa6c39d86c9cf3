"""index invoices by account and time: the first ones since a moment are found without reading all

Revision ID: index_invoice_times
Revises: add_unknown_units
"""

from alembic import op

revision = "index_invoice_times"
down_revision = "add_unknown_units"
branch_labels = None
depends_on = None

NAME = "ix_invoice_processor_account_id_created_at"


def upgrade() -> None:
    op.create_index(NAME, "invoice", ["processor_account_id", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index(NAME, table_name="invoice")
