"""create API keys, and name them in the audit log

Revision ID: create_api_keys
Revises: create_usage
"""

import sqlalchemy as sa
from alembic import op

revision = "create_api_keys"
down_revision = "create_usage"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BEFORE = "actor IN ('staff', 'client', 'sync', 'command')"
AFTER = "actor IN ('staff', 'client', 'sync', 'command', 'api')"


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("beginning", sa.String(length=12), nullable=False),
        sa.Column("ending", sa.String(length=4), nullable=False),
        sa.Column("scope_words", sa.String(length=40), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.CheckConstraint("mode IN ('test', 'live')", name=op.f("ck_api_key_mode")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_api_key_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_index(op.f("ix_api_key_mode"), "api_key", ["mode"])
    op.create_index(op.f("ix_api_key_staff_id"), "api_key", ["staff_id"])
    with op.batch_alter_table("audit_entry") as batch_op:
        batch_op.add_column(sa.Column("api_key_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_audit_entry_api_key_id_api_key"), "api_key", ["api_key_id"], ["id"])
        batch_op.drop_constraint(op.f("ck_audit_entry_actor"), type_="check")
        batch_op.create_check_constraint(op.f("ck_audit_entry_actor"), AFTER)
        batch_op.create_index(batch_op.f("ix_audit_entry_api_key_id"), ["api_key_id"])


def downgrade() -> None:
    """Acts of API keys stay in the audit log as acts of a command: the log has no other name for a program."""
    op.execute("UPDATE audit_entry SET actor = 'command' WHERE actor = 'api'")
    with op.batch_alter_table("audit_entry") as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_api_key_id"))
        batch_op.drop_constraint(op.f("ck_audit_entry_actor"), type_="check")
        batch_op.create_check_constraint(op.f("ck_audit_entry_actor"), BEFORE)
        batch_op.drop_constraint(op.f("fk_audit_entry_api_key_id_api_key"), type_="foreignkey")
        batch_op.drop_column("api_key_id")
    op.drop_table("api_key")
