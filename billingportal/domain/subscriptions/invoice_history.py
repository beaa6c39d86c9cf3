"""The invoices of a subscription, newest first, and what they say about its payments.

As at Stripe, the newest invoice that is not void decides: "Voided invoices don't affect subscription status. Stripe
determines the status from the most recent non-voided invoice."
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billingportal.models import Invoice, Subscription

BY_BILL = "send_invoice"
CHANGE, CREATION, CYCLE = "subscription_update", "subscription_create", "subscription_cycle"


def invoices_of(session: Session, subscription: Subscription) -> list[Invoice]:
    """All stored invoices of the subscription, newest first."""
    wanted = of_subscriptions(subscription.processor_account_id, [subscription.stripe_subscription_id])
    found = session.scalars(wanted)
    return newest_first(found, subscription.latest_stripe_invoice_id)


def histories(
    session: Session, subscriptions: Sequence[Subscription]
) -> Iterator[tuple[Subscription, Sequence[Invoice]]]:
    """Each subscription with its invoices, newest first, by one query per account."""
    found: dict[tuple[int, str | None], list[Invoice]] = defaultdict(list)
    for account_id in {one.processor_account_id for one in subscriptions}:
        ids = [one.stripe_subscription_id for one in subscriptions if one.processor_account_id == account_id]
        for row in session.scalars(of_subscriptions(account_id, ids)):
            found[account_id, row.stripe_subscription_id].append(row)
    for one in subscriptions:
        own = found[one.processor_account_id, one.stripe_subscription_id]
        yield one, newest_first(own, one.latest_stripe_invoice_id)


def of_subscriptions(account_id: int, subscription_ids: Sequence[str]) -> Select[Invoice]:
    return select(Invoice).where(
        Invoice.processor_account_id == account_id,
        Invoice.stripe_subscription_id.in_(subscription_ids),
        Invoice.deleted_at.is_(None),
    )


def newest_first(invoices: Iterable[Invoice], latest_id: str | None) -> list[Invoice]:
    """In the order in which Stripe made them. Invoices of the same second are ordered by number; drafts have none."""

    def age(one: Invoice) -> tuple[bool, datetime, bool, int, str]:
        number = one.number or ""
        return one.stripe_invoice_id == latest_id, one.created_at, not number, len(number), number

    return sorted(invoices, key=age, reverse=True)


def newest(invoices: Sequence[Invoice]) -> Invoice | None:
    """The invoice that decides: the newest that is not void."""
    return next((one for one in invoices if one.status != "void"), None)


def payable(invoices: Sequence[Invoice]) -> Invoice | None:
    """The invoice whose payment makes a failing subscription active: the newest, also while it is a draft.

    None where that one is not owed: then no payment helps. An unpaid subscription's renewals stay drafts.
    """
    found = newest(invoices)
    return found if found is not None and found.status in ("open", "draft") and found.amount_remaining_minor else None


def is_billed_in_arrears(subscription: Subscription) -> bool:
    """Whether all its prices are metered: nothing of it is paid in advance."""
    return all(item.quantity is None for item in subscription.items)


def owes_nothing(subscription: Subscription, invoices: Sequence[Invoice]) -> bool:
    """Whether an active subscription owes nothing for its items. `invoices` are newest first.

    Without any invoice it owes nothing: in flexible billing mode Stripe makes no empty one. A renewal that is still a
    draft, void or given up is not owed, so the one before it tells. A change that was given up was not paid for: while
    the subscription has its prices, the items paid for before it count. The latest invoice has to be stored, and the
    search has to end at a paid one or the first one, as events come in any order.
    """
    latest_id = subscription.latest_stripe_invoice_id
    if latest_id is None:
        return True
    if not invoices or invoices[0].stripe_invoice_id != latest_id:
        return False
    is_decided, passed_change = False, False
    for one in invoices:
        if one.status == "open" and not is_decided:
            return False
        if one.status == "paid":
            return not (passed_change and one.sold)
        if one.billing_reason == CREATION:
            return True
        is_decided = is_decided or one.status == "uncollectible"
        passed_change = passed_change or (one.billing_reason == CHANGE and charges_for(one, subscription))
    return is_billed_in_arrears(subscription) and not passed_change


def charges_for(invoice: Invoice, subscription: Subscription) -> bool:
    """Whether the invoice charged for a price that the subscription has."""
    return not charged(invoice).keys().isdisjoint(item.stripe_price_id for item in subscription.items)


def is_paid(subscription: Subscription, invoices: Sequence[Invoice]) -> bool:
    """Whether it is on trial, or active and its plan is paid for."""
    if subscription.status == "active":
        by_bill = subscription.collection_method == BY_BILL
        has_paid = any(one.status == "paid" and one.sold for one in invoices)
        return by_bill or has_paid or owes_nothing(subscription, invoices)
    return subscription.status == "trialing"


def charged(invoice: Invoice) -> dict[str, int | None]:
    """The prices that an invoice charged for, with their quantities."""
    found: dict[str, int | None] = {}
    for row in invoice.sold:
        if isinstance(row, dict) and isinstance(row["quantity"], int):
            found[str(row["price"])] = row["quantity"]
    return found


def may_have_prorations(subscription: Subscription, invoices: Sequence[Invoice]) -> bool:
    """Whether prorations may wait for the next invoice: its licensed items are not those that were billed last.

    A trial has none. A change without prorations looks the same in the rows. An invoice that a change waits for, or
    waited for in vain, billed nothing of what the subscription has; nor did one of 0. One for a period that was voided
    counts: Stripe prorates what it billed all the same. While the latest is not stored it
    is the draft of a renewal, which took all that waited.
    """
    if not invoices or invoices[0].stripe_invoice_id != subscription.latest_stripe_invoice_id:
        return False
    real = (one for one in invoices if one.sold and (one.status != "void" or one.billing_reason in (CREATION, CYCLE)))
    last = next((one for one in real if not is_of_pending_update(subscription, one)), None)
    if last is None or subscription.status == "trialing":
        return False
    billed = charged(last)
    return any(item.quantity and billed.get(item.stripe_price_id) != item.quantity for item in subscription.items)


def has_open_draft(subscription: Subscription, invoices: Sequence[Invoice]) -> bool:
    """Whether the latest invoice is a draft. One that is not stored is: no event tells of drafts."""
    latest_id = subscription.latest_stripe_invoice_id
    if latest_id is None or not invoices:
        return False
    return invoices[0].stripe_invoice_id != latest_id or invoices[0].status == "draft"


def changes_balance(draft: Invoice) -> bool:
    """Whether a draft's total is not what is due for it: then the rest changes the customer's balance."""
    return draft.status == "draft" and draft.amount_due_minor != draft.total_minor


def is_of_pending_update(subscription: Subscription, invoice: Invoice) -> bool:
    """Whether a change of the subscription waits for the payment of this invoice."""
    is_waiting = subscription.pending_update_expires_at is not None
    return is_waiting and invoice.stripe_invoice_id == subscription.latest_stripe_invoice_id


def first_failure(subscription: Subscription, invoices: Sequence[Invoice]) -> datetime | None:
    """When the payment first failed since the last time all was well; None where no invoice tells.

    All was well when the newest invoice of that time was paid or given up. Paying an older one changes nothing.
    `invoices` are newest first; void ones count only where there are no others.
    """
    failing: list[Invoice] = []
    for position, one in enumerate(invoices):
        if was_well(one, invoices[:position]):
            break
        failing.append(one)
    owed = [one for one in failing if one.status not in ("void", "draft")] or failing
    return min((due_at(subscription, one) for one in owed), default=None)


def was_well(invoice: Invoice, newer: Sequence[Invoice]) -> bool:
    """Whether nothing newer was owed when the invoice was paid. When it was given up is not stored."""
    if invoice.status == "uncollectible":
        return any(one.status != "void" for one in newer)
    if invoice.status != "paid":
        return False
    counted = (one.finalized_at for one in newer if one.status != "void")
    paid_at = invoice.paid_at
    return paid_at is None or not any(at is not None and at < paid_at for at in counted)


def due_at(subscription: Subscription, invoice: Invoice) -> datetime:
    """When the invoice was to be paid: its due date if it is sent, else when it was finalized."""
    by_bill = subscription.collection_method == BY_BILL
    return (invoice.due_at if by_bill else invoice.finalized_at) or invoice.created_at
