"""The first real payment, renewal and metered invoice after the switch: seen, and equal to the cent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.checklist.client_items import bills_usage
from billingportal.domain.metering.explanation import Explanation, explain
from billingportal.domain.subscriptions.status import ENDED_STATUSES
from billingportal.models import (
    Client,
    ClientCustomer,
    Invoice,
    InvoiceLine,
    Price,
    ProcessorAccount,
    Subscription,
    SubscriptionItem,
)
from billingportal.money import Money

Moment = Literal["payment", "metered", "renewal"]
# `unread`: Stripe's lines are not read yet. `not_comparable`: an amount has no price that the portal could compute.
MomentState = Literal["equal", "differs", "unread", "not_comparable", "expected"]
FINAL = ("open", "paid", "uncollectible")


@dataclass(frozen=True)
class FirstTime:
    """`charged` and `expected` are before tax and discounts. `at` is when it was paid or finalized; for one that is
    still expected, when it comes, None where nobody has subscribed."""

    moment: Moment
    state: MomentState
    client: Client | None = None
    invoice: Invoice | None = None
    charged: Money | None = None
    expected: Money | None = None
    at: datetime | None = None


def first_week(session: Session, since: datetime) -> list[FirstTime]:
    """The moments of live mode since the switch; the metered one where a plan bills usage."""
    live = processor_accounts.connected(session, "live")
    if live is None:
        return []
    invoices = after_switch(live, since)
    paid = invoices.where(Invoice.status == "paid", Invoice.amount_paid_minor > 0)
    final = invoices.where(Invoice.status.in_(FINAL))
    renewal = final.where(Invoice.billing_reason == "subscription_cycle")
    found = [seen(session, live, "payment", session.scalar(paid.limit(1)))]
    if bills_usage(session):
        found.append(seen(session, live, "metered", session.scalar(final.where(has_metered_line()).limit(1))))
    return [*found, seen(session, live, "renewal", session.scalar(renewal.limit(1)))]


def after_switch(live: ProcessorAccount, since: datetime) -> Select[Invoice]:
    """Oldest first, by the index of their times: the search ends at the first one that fits."""
    return (
        select(Invoice)
        .where(Invoice.processor_account_id == live.id, Invoice.created_at >= since, Invoice.deleted_at.is_(None))
        .order_by(Invoice.created_at, Invoice.id)
    )


def has_metered_line() -> ColumnElement[bool]:
    """SQL condition: a line of the invoice charges for use."""
    return (
        select(InvoiceLine.id)
        .join(Price, Price.stripe_price_id == InvoiceLine.stripe_price_id)
        .where(
            InvoiceLine.invoice_id == Invoice.id,
            Price.processor_account_id == Invoice.processor_account_id,
            Price.usage_type == "metered",
            InvoiceLine.amount_minor != 0,
        )
        .exists()
    )


def seen(session: Session, live: ProcessorAccount, moment: Moment, invoice: Invoice | None) -> FirstTime:
    if invoice is None:
        return expected(session, live, moment)
    client = client_of(session, live, invoice.stripe_customer_id)
    at = invoice.paid_at or invoice.finalized_at or invoice.created_at
    explanation = explain(session, invoice)
    if not explanation.lines:
        return FirstTime(moment, "unread", client, invoice, at=at)
    charged, computed, state = compared(explanation)
    return FirstTime(moment, state, client, invoice, charged, computed, at)


def compared(explanation: Explanation) -> tuple[Money, Money, MomentState]:
    """What Stripe's lines charge, what the portal computes for them, and whether the two are equal.

    A line that the portal cannot compute counts as charged on both sides, and then the invoice is not comparable.
    """
    currency = explanation.invoice.currency
    charged = sum(line.block.amount.minor for line in explanation.lines)
    ours = sum((line.ours or line.block.amount).minor for line in explanation.lines)
    if charged != ours or not explanation.is_equal:
        state: MomentState = "differs"
    elif explanation.is_whole and all(line.ours is not None for line in explanation.lines):
        state = "equal"
    else:
        state = "not_comparable"
    return Money(charged, currency), Money(ours, currency), state


def expected(session: Session, live: ProcessorAccount, moment: Moment) -> FirstTime:
    """The next renewal that is known, for what has not come yet."""
    if moment == "payment":
        return FirstTime(moment, "expected")
    rows = (
        select(Subscription.stripe_customer_id, func.min(SubscriptionItem.period_ends_at))
        .join(SubscriptionItem, SubscriptionItem.subscription_id == Subscription.id)
        .where(
            Subscription.processor_account_id == live.id,
            Subscription.deleted_at.is_(None),
            Subscription.status.not_in(ENDED_STATUSES),
            Subscription.cancel_at_period_end.is_(False),
        )
        .group_by(Subscription.stripe_customer_id)
        .order_by(func.min(SubscriptionItem.period_ends_at))
        .limit(1)
    )
    if moment == "metered":
        rows = rows.join(
            Price,
            (Price.stripe_price_id == SubscriptionItem.stripe_price_id) & (Price.processor_account_id == live.id),
        ).where(Price.usage_type == "metered")
    found = session.execute(rows).first()
    if found is None:
        return FirstTime(moment, "expected")
    return FirstTime(moment, "expected", client_of(session, live, found[0]), at=found[1])


def client_of(session: Session, live: ProcessorAccount, customer_id: str | None) -> Client | None:
    return session.scalar(
        select(Client)
        .join(ClientCustomer, ClientCustomer.client_id == Client.id)
        .where(ClientCustomer.processor_account_id == live.id, ClientCustomer.stripe_customer_id == customer_id)
    )
