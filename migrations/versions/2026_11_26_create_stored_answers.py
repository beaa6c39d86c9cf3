"""create the answers that are stored under idempotency keys

Revision ID: create_stored_answers
Revises: create_api_settings
"""

import sqlalchemy as sa
from alembic import op

revision = "create_stored_answers"
down_revision = "create_api_settings"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LARGE_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stored_answer",
        sa.Column("id", LARGE_KEY, nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("has_secret", sa.Boolean(), nullable=False),
        sa.Column("running_until", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("fk_stored_answer_api_key_id_api_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_answer")),
        sa.UniqueConstraint("api_key_id", "idempotency_key", name=op.f("uq_stored_answer_api_key_id_idempotency_key")),
    )
    op.create_index(op.f("ix_stored_answer_created_at"), "stored_answer", ["created_at"])


def downgrade() -> None:
    op.drop_table("stored_answer")
