"""create sign-up requests: sign-ups that go on from an emailed link, where addresses are confirmed first

Revision ID: create_sign_up_requests
Revises: create_billing_link_requests
"""

import sqlalchemy as sa
from alembic import op

revision = "create_sign_up_requests"
down_revision = "create_billing_link_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_up_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("workspace_name", sa.String(length=120), nullable=False),
        sa.Column("accepted_terms", sa.Text(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up_request")),
    )
    op.create_index(op.f("ix_sign_up_request_requested_at"), "sign_up_request", ["requested_at"])
    with op.batch_alter_table("outgoing_mail") as mail:
        mail.alter_column("client_id", existing_type=sa.Integer(), nullable=True)
        mail.add_column(sa.Column("sign_up_request_id", sa.Integer(), nullable=True))
        mail.create_foreign_key(
            op.f("fk_outgoing_mail_sign_up_request_id_sign_up_request"),
            "sign_up_request",
            ["sign_up_request_id"],
            ["id"],
            ondelete="CASCADE",
        )
        mail.create_index(op.f("ix_outgoing_mail_sign_up_request_id"), ["sign_up_request_id"])
        mail.create_check_constraint(
            op.f("ck_outgoing_mail_one_recipient"), "(client_id IS NULL) <> (sign_up_request_id IS NULL)"
        )
    op.add_column(
        "selling_settings", sa.Column("confirms_addresses", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    with op.batch_alter_table("selling_settings") as settings:
        settings.drop_column("confirms_addresses")
    op.execute("DELETE FROM outgoing_mail WHERE client_id IS NULL")
    with op.batch_alter_table("outgoing_mail") as mail:
        mail.drop_constraint(op.f("ck_outgoing_mail_one_recipient"), type_="check")
        mail.drop_constraint(op.f("fk_outgoing_mail_sign_up_request_id_sign_up_request"), type_="foreignkey")
        mail.drop_index(op.f("ix_outgoing_mail_sign_up_request_id"))
        mail.drop_column("sign_up_request_id")
        mail.alter_column("client_id", existing_type=sa.Integer(), nullable=False)
    op.drop_table("sign_up_request")
