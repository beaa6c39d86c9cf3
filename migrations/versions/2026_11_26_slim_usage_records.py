"""slim usage records: without foreign keys and the index by time, which cost more than the insert itself

Revision ID: slim_usage_records
Revises: add_level_records
"""

from alembic import op

revision = "slim_usage_records"
down_revision = "add_level_records"
branch_labels = None
depends_on = None

PARENTS = ("client", "resource", "workspace")


def upgrade() -> None:
    op.drop_index(op.f("ix_usage_record_received_at"), "usage_record")
    with op.batch_alter_table("usage_record") as batch:
        for parent in PARENTS:
            batch.drop_constraint(op.f(f"fk_usage_record_{parent}_id_{parent}"), type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("usage_record") as batch:
        for parent in PARENTS:
            batch.create_foreign_key(op.f(f"fk_usage_record_{parent}_id_{parent}"), parent, [f"{parent}_id"], ["id"])
    op.create_index(op.f("ix_usage_record_received_at"), "usage_record", ["received_at"])
