"""create the settings of checkout, failed payments and mail

Revision ID: create_client_settings
Revises: create_clients
"""

import sqlalchemy as sa
from alembic import op

revision = "create_client_settings"
down_revision = "create_clients"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ladder_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("warn_after_days", sa.Integer(), nullable=False),
        sa.Column("limit_after_days", sa.Integer(), nullable=True),
        sa.Column("suspend_after_days", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ladder_settings_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_settings")),
    )
    op.create_table(
        "mail_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.String(length=8), nullable=False),
        sa.Column("username", sa.String(length=254), nullable=False),
        sa.Column("password_sealed", sa.Text(), nullable=True),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("security IN ('tls', 'starttls', 'none')", name=op.f("ck_mail_settings_security")),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_settings_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_settings")),
    )
    op.create_table(
        "selling_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("allows_promotion_codes", sa.Boolean(), nullable=False),
        sa.Column("computes_tax", sa.Boolean(), nullable=False),
        sa.Column("collects_tax_id", sa.Boolean(), nullable=False),
        sa.Column("address_collection", sa.String(length=8), nullable=False),
        sa.Column("allows_downgrade_at_once", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "address_collection IN ('auto', 'required')", name=op.f("ck_selling_settings_address_collection")
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_selling_settings_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selling_settings")),
    )
    op.create_table(
        "portal_configuration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("processor_account_id", sa.Integer(), nullable=False),
        sa.Column("stripe_configuration_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["processor_account_id"],
            ["processor_account.id"],
            name=op.f("fk_portal_configuration_processor_account_id_processor_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_configuration")),
        sa.UniqueConstraint("processor_account_id", name=op.f("uq_portal_configuration_processor_account_id")),
    )
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_outgoing_mail_state")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_outgoing_mail_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
        sa.UniqueConstraint("occasion", name=op.f("uq_outgoing_mail_occasion")),
    )
    with op.batch_alter_table("outgoing_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outgoing_mail_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outgoing_mail_state_next_attempt_at"), ["state", "next_attempt_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("outgoing_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outgoing_mail_state_next_attempt_at"))
        batch_op.drop_index(batch_op.f("ix_outgoing_mail_client_id"))

    op.drop_table("outgoing_mail")
    op.drop_table("portal_configuration")
    op.drop_table("selling_settings")
    op.drop_table("mail_settings")
    op.drop_table("ladder_settings")
