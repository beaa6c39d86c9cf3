"""The list of clients as CSV, for spreadsheets."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.clients import search as client_search
from billingportal.domain.clients.search import Wanted
from billingportal.domain.common.lists.csv_text import BYTE_ORDER_MARK, text_of
from billingportal.domain.subscriptions.status_text import standing_words
from billingportal.models import Client, ClientCustomer, Entitlement
from billingportal.models.connection.processor_account import Mode

HEADINGS = (
    "ID",
    "Name",
    "Email",
    "External ID",
    "Plan",
    "Plan comes from",
    "Status",
    "Access",
    "Over quota",
    "Payment failing since",
    "Renews",
    "Stripe customer",
    "Stripe subscription",
    "Client since",
    "Archived",
)


def csv_lines(session: Session, mode: Mode, wanted: Wanted) -> Iterator[str]:
    """The file in pieces: the headings, then one batch of clients at a time."""
    yield BYTE_ORDER_MARK + text_of([HEADINGS])
    for batch in client_search.in_batches(session, mode, wanted):
        customers = customers_of(session, [row for _, row in batch])
        yield text_of([cells(client, row, customers) for client, row in batch])


def customers_of(session: Session, rows: Sequence[Entitlement]) -> dict[tuple[int, int], str]:
    """The Stripe customer ids of the rows' clients, by client and account id."""
    found = session.execute(
        select(ClientCustomer.client_id, ClientCustomer.processor_account_id, ClientCustomer.stripe_customer_id).where(
            ClientCustomer.client_id.in_([row.client_id for row in rows])
        )
    )
    return {(client_id, account_id): customer for client_id, account_id, customer in found}


def cells(client: Client, row: Entitlement, customers: dict[tuple[int, int], str]) -> Sequence[str]:
    customer = customers.get((client.id, row.processor_account_id)) if row.processor_account_id else None
    return (
        str(client.id),
        client.name,
        client.email,
        client.external_id or "",
        row.plan.name if row.plan else "",
        row.source if row.plan else "",
        "Archived" if client.archived_at else standing_words(row.standing).words,
        row.access,
        "yes" if row.is_over_quota else "no",
        day_of(row.failing_since),
        day_of(row.renews_at),
        customer or "",
        row.stripe_subscription_id or "",
        day_of(client.created_at),
        day_of(client.archived_at),
    )


def day_of(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""
