"""allow clients that the host platform makes

Revision ID: allow_api_clients
Revises: add_plan_keys
"""

from alembic import op

revision = "allow_api_clients"
down_revision = "add_plan_keys"
branch_labels = None
depends_on = None

BEFORE = "source IN ('sign_up', 'staff', 'adoption')"
AFTER = "source IN ('sign_up', 'staff', 'adoption', 'api')"


def upgrade() -> None:
    replace_constraint(AFTER)


def downgrade() -> None:
    """Clients of the API become clients that staff made, as staff made the key."""
    op.execute("UPDATE client SET source = 'staff' WHERE source = 'api'")
    replace_constraint(BEFORE)


def replace_constraint(condition: str) -> None:
    with op.batch_alter_table("client") as client:
        client.drop_constraint(op.f("ck_client_source"), type_="check")
        client.create_check_constraint(op.f("ck_client_source"), condition)
