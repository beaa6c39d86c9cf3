"""create browser sessions: who is signed in, and what ends that

Revision ID: create_browser_sessions
Revises: create_ignored_customers
"""

import sqlalchemy as sa
from alembic import op

revision = "create_browser_sessions"
down_revision = "create_ignored_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "browser_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("access_generation", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.CheckConstraint("(staff_id IS NULL) <> (client_id IS NULL)", name=op.f("ck_browser_session_one_owner")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_browser_session_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_browser_session_client_id_client"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_browser_session_token_hash")),
    )
    for column in ("staff_id", "client_id", "expires_at"):
        op.create_index(op.f(f"ix_browser_session_{column}"), "browser_session", [column])
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f("uq_staff_session_token"), type_="unique")
        staff.drop_column("session_token")
    for table in ("staff", "client", "checkout"):
        op.add_column(table, sa.Column("access_generation", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    for table in ("checkout", "client", "staff"):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("access_generation")
    op.drop_table("browser_session")
    op.add_column("staff", sa.Column("session_token", sa.String(length=64), nullable=True))
    op.execute("UPDATE staff SET session_token = 'ended ' || id")
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("session_token", existing_type=sa.String(length=64), nullable=False)
        staff.create_unique_constraint(op.f("uq_staff_session_token"), ["session_token"])
