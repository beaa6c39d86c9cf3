"""The rows of the list of clients, with the data of a page gathered at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from billingportal.clock import now
from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.subscriptions import client_clock
from billingportal.domain.subscriptions import estimates as subscription_estimates
from billingportal.domain.subscriptions.estimates import Estimate, Key
from billingportal.domain.subscriptions.status import FAILING_STATUSES
from billingportal.domain.subscriptions.status_text import entitlement_words
from billingportal.domain.usage import quota_bars
from billingportal.domain.usage import totals as usage_totals
from billingportal.domain.usage.quota_bars import QuotaBar
from billingportal.models import Client, ClientCustomer, EntitledQuota, Entitlement, Invoice, Subscription
from billingportal.models.connection.processor_account import Mode
from billingportal.web.common.urls import in_dashboard

ARCHIVED = StatusText("archived", "mute", "Archived")


@dataclass(frozen=True)
class ClientRow:
    """One client in the list. `stripe_url` is its customer in the Stripe dashboard."""

    id: int
    name: str
    email: str
    plan: str
    price: str
    status: StatusText
    is_over_quota: bool
    closest: QuotaBar | None
    renews: str
    is_archived: bool
    is_suspended: bool
    is_paying: bool
    stripe_url: str | None

    @property
    def initials(self) -> str:
        return initials(self.name)


@dataclass(frozen=True)
class Around:
    """Data related to the clients of a page, by client id or by account and id at Stripe."""

    subscriptions: Mapping[Key, Subscription]
    estimates: Mapping[Key, Estimate]
    retries: Mapping[Key, datetime]
    quotas: Mapping[int, list[EntitledQuota]]
    used: Mapping[int, dict[int, int]]
    moments: Mapping[int, datetime]
    customers: Mapping[tuple[int, int], str]


def client_rows(session: Session, found: Sequence[tuple[Client, Entitlement]]) -> list[ClientRow]:
    """The rows of a page. The number of queries does not grow with the number of clients."""
    around = gather(session, found)
    return [client_row(client, row, around) for client, row in found]


def gather(session: Session, found: Sequence[tuple[Client, Entitlement]]) -> Around:
    ids = [client.id for client, _ in found]
    subscriptions = subscription_estimates.subscriptions_of(session, [row for _, row in found])
    return Around(
        subscriptions,
        subscription_estimates.estimates(session, subscriptions),
        retries(session, subscriptions),
        quotas_of(session, ids),
        usage_totals.used_by(session, ids),
        client_clock.clock_times(session, ids),
        customers_of(session, ids),
    )


def retries(session: Session, subscriptions: Mapping[Key, Subscription]) -> dict[Key, datetime]:
    """When Stripe next retries the payment of the latest invoice, by subscription."""
    latest = {
        (one.processor_account_id, one.latest_stripe_invoice_id): key
        for key, one in subscriptions.items()
        if one.latest_stripe_invoice_id is not None and one.status in FAILING_STATUSES
    }
    if not latest:
        return {}
    rows = session.execute(
        select(Invoice.processor_account_id, Invoice.stripe_invoice_id, Invoice.next_attempt_at).where(
            subscription_estimates.is_one_of(latest, Invoice.processor_account_id, Invoice.stripe_invoice_id),
            Invoice.status == "open",
            Invoice.next_attempt_at.is_not(None),
        )
    )
    return {latest[account_id, invoice_id]: at for account_id, invoice_id, at in rows if at is not None}


def quotas_of(session: Session, client_ids: Sequence[int]) -> dict[int, list[EntitledQuota]]:
    found: dict[int, list[EntitledQuota]] = {client_id: [] for client_id in client_ids}
    for row in session.scalars(
        select(EntitledQuota)
        .where(EntitledQuota.client_id.in_(client_ids))
        .options(joinedload(EntitledQuota.resource))
        .order_by(EntitledQuota.resource_id)
    ):
        found[row.client_id].append(row)
    return found


def customers_of(session: Session, client_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    """The ids of customers at Stripe, by client and account."""
    rows = session.scalars(select(ClientCustomer).where(ClientCustomer.client_id.in_(client_ids)))
    return {(row.client_id, row.processor_account_id): row.stripe_customer_id for row in rows}


def client_row(client: Client, row: Entitlement, around: Around) -> ClientRow:
    key = (row.processor_account_id or 0, row.stripe_subscription_id or "")
    subscription, estimate = around.subscriptions.get(key), around.estimates.get(key)
    moment = around.moments.get(client.id) or now()
    customer = around.customers.get((client.id, row.processor_account_id or 0))
    return ClientRow(
        id=client.id,
        name=client.name,
        email=client.email,
        plan=row.plan.name if row.plan else "No plan",
        price=price_words(row, estimate),
        status=ARCHIVED if client.archived_at else status_words(row, subscription, moment),
        is_over_quota=row.is_over_quota,
        closest=quota_bars.closest(around.quotas[client.id], around.used.get(client.id, {})),
        renews=renewal_words(row, subscription, around.retries.get(key)),
        is_archived=client.archived_at is not None,
        is_suspended=client.suspended_at is not None,
        is_paying=subscription is not None and subscription.ended_at is None,
        stripe_url=customer_url(client.mode, customer) if customer else None,
    )


def status_words(row: Entitlement, subscription: Subscription | None, moment: datetime) -> StatusText:
    return entitlement_words(row, subscription, moment)


def price_words(row: Entitlement, estimate: Estimate | None) -> str:
    """The price of the plan in words, empty when nothing is paid."""
    if row.source == "comp":
        return "Given by hand"
    return estimate.words if estimate and row.source == "subscription" else ""


def renewal_words(row: Entitlement, subscription: Subscription | None, retry_at: datetime | None) -> str:
    """The date of the next retry or renewal."""
    if subscription is not None and (subscription.is_collection_paused or subscription.status == "paused"):
        return "Paused"
    if row.failing_since is not None and retry_at is not None:
        return f"Retry {day(retry_at)}"
    return day(row.renews_at) if row.renews_at else "Never"


def customer_url(mode: Mode, customer_id: str) -> str:
    """The URL of a customer in the Stripe dashboard."""
    return in_dashboard(mode, f"customers/{customer_id}")


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = [word for word in name.split() if word[0].isalnum()] or [name]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
