"""add canonical addresses: one form in which the addresses of clients and of customers at Stripe are compared

Revision ID: add_canonical_addresses
Revises: add_carries_trials_over
"""

import re
import unicodedata

import idna
import sqlalchemy as sa
from alembic import op

revision = "add_canonical_addresses"
down_revision = "add_carries_trials_over"
branch_labels = None
depends_on = None

BATCH = 1000
POSSIBLE = re.compile(
    r"(?=.{1,64}@)(?=.{1,254}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@"
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])"
)


def canonical(text: str) -> str:
    """As the portal compared addresses when this revision was made."""
    local_part, at, domain = unicodedata.normalize("NFC", text.strip()).lower().rpartition("@")
    try:
        domain = idna.encode(domain, uts46=True).decode() if len(domain) <= 254 else domain
    except (idna.IDNAError, UnicodeError):
        return f"{local_part}{at}{domain}"
    return f"{local_part}{at}{domain}"


def possible(text: str | None) -> str | None:
    found = canonical(text or "")
    return found if POSSIBLE.fullmatch(found) else None


def fill(table: sa.TableClause, source: str, target: str, *, only_possible: bool) -> None:
    """Fill the target column of all rows, a batch at a time."""
    connection = op.get_bind()
    last_id = 0
    while True:
        wanted = sa.select(table.c.id, table.c[source]).where(table.c.id > last_id).order_by(table.c.id).limit(BATCH)
        rows = connection.execute(wanted).all()
        if not rows:
            return
        for row_id, email in rows:
            value = possible(email) if only_possible else canonical(email)[:254]
            if value is not None:
                connection.execute(sa.update(table).where(table.c.id == row_id).values({target: value}))
        last_id = rows[-1][0]


def columns(name: str) -> sa.TableClause:
    return sa.table(
        name, sa.column("id", sa.Integer), sa.column("email", sa.String), sa.column("canonical_email", sa.String)
    )


def fill_staff() -> None:
    """Staff sign in by the canonical form. Where two would become one, both stay as they are."""
    connection, staff = op.get_bind(), columns("staff")
    rows = connection.execute(sa.select(staff.c.id, staff.c.email)).all()
    forms = [canonical(email) for _, email in rows]
    for row_id, email in rows:
        if forms.count(canonical(email)) == 1:
            connection.execute(sa.update(staff).where(staff.c.id == row_id).values(email=canonical(email)))


def upgrade() -> None:
    op.add_column("client", sa.Column("canonical_email", sa.String(length=254), nullable=True))
    op.add_column("customer", sa.Column("canonical_email", sa.String(), nullable=True))
    fill(columns("client"), "email", "canonical_email", only_possible=False)
    fill(columns("customer"), "email", "canonical_email", only_possible=True)
    fill_staff()
    with op.batch_alter_table("client") as client:
        client.alter_column("canonical_email", existing_type=sa.String(length=254), nullable=False)
        client.drop_index(op.f("ix_client_mode_email"))
        client.create_index(op.f("ix_client_mode_canonical_email"), ["mode", "canonical_email"])
    op.drop_index(op.f("ix_customer_processor_account_id_email"), "customer")
    op.create_index(
        op.f("ix_customer_processor_account_id_canonical_email"),
        "customer",
        ["processor_account_id", "canonical_email"],
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_customer_processor_account_id_canonical_email"), "customer")
    op.create_index(op.f("ix_customer_processor_account_id_email"), "customer", ["processor_account_id", "email"])
    with op.batch_alter_table("client") as client:
        client.drop_index(op.f("ix_client_mode_canonical_email"))
        client.create_index(op.f("ix_client_mode_email"), ["mode", "email"])
        client.drop_column("canonical_email")
    with op.batch_alter_table("customer") as customer:
        customer.drop_column("canonical_email")
