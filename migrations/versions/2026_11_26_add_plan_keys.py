"""add the keys by which the API names plans

Revision ID: add_plan_keys
Revises: create_stored_answers
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "add_plan_keys"
down_revision = "create_stored_answers"
branch_labels = None
depends_on = None

PLAN = sa.table("plan", sa.column("id", sa.Integer()), sa.column("name", sa.String()), sa.column("key", sa.String()))
LONGEST = 36


def upgrade() -> None:
    with op.batch_alter_table("plan") as plan:
        plan.add_column(sa.Column("key", sa.String(length=40), nullable=True))
    connection = op.get_bind()
    taken: set[str] = set()
    for row in connection.execute(sa.select(PLAN.c.id, PLAN.c.name).order_by(PLAN.c.id)).all():
        key = free_key(row.name, taken)
        taken.add(key)
        connection.execute(PLAN.update().where(PLAN.c.id == row.id).values(key=key))
    with op.batch_alter_table("plan") as plan:
        plan.alter_column("key", existing_type=sa.String(length=40), nullable=False)
        plan.create_unique_constraint(op.f("uq_plan_key"), ["key"])


def free_key(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:LONGEST] or "plan"
    candidates = (base if number == 1 else f"{base}_{number}" for number in range(1, len(taken) + 2))
    return next(key for key in candidates if key not in taken)


def downgrade() -> None:
    with op.batch_alter_table("plan") as plan:
        plan.drop_constraint(op.f("uq_plan_key"), type_="unique")
        plan.drop_column("key")
