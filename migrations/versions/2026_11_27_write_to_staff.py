"""let emails go to members of staff

Revision ID: write_to_staff
Revises: create_request_count
"""

import sqlalchemy as sa
from alembic import op

revision = "write_to_staff"
down_revision = "create_request_count"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_outgoing_mail_one_recipient"
ONE_OF_THREE = (
    "CASE WHEN client_id IS NULL THEN 0 ELSE 1 END + CASE WHEN sign_up_request_id IS NULL THEN 0 ELSE 1 END + "
    "CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    with op.batch_alter_table("outgoing_mail") as mail:
        mail.drop_constraint(op.f(CONSTRAINT), type_="check")
        mail.add_column(sa.Column("staff_id", sa.Integer(), nullable=True))
        mail.create_foreign_key(
            op.f("fk_outgoing_mail_staff_id_staff"), "staff", ["staff_id"], ["id"], ondelete="CASCADE"
        )
        mail.create_index(op.f("ix_outgoing_mail_staff_id"), ["staff_id"])
        mail.create_check_constraint(op.f(CONSTRAINT), ONE_OF_THREE)


def downgrade() -> None:
    op.execute("DELETE FROM outgoing_mail WHERE staff_id IS NOT NULL")
    with op.batch_alter_table("outgoing_mail") as mail:
        mail.drop_constraint(op.f(CONSTRAINT), type_="check")
        mail.drop_constraint(op.f("fk_outgoing_mail_staff_id_staff"), type_="foreignkey")
        mail.drop_index(op.f("ix_outgoing_mail_staff_id"))
        mail.drop_column("staff_id")
        mail.create_check_constraint(op.f(CONSTRAINT), "(client_id IS NULL) <> (sign_up_request_id IS NULL)")
