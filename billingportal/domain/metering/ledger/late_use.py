"""Use that Stripe bills no more: billed as an invoice item, or let go."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common.audit import Act, record_act
from billingportal.domain.common.dates import day as day_text
from billingportal.domain.common.shown_amounts import ShownAmount, require_unchanged
from billingportal.domain.metering import outbox
from billingportal.domain.metering.ledger.concerned import STATES, concerned
from billingportal.domain.metering.ledger.differences import Difference, describe
from billingportal.domain.metering.ledger.keys import Kind, Scope, find_keys
from billingportal.domain.metering.ledger.storage import restate
from billingportal.errors import Refusal
from billingportal.models import MeterEvent
from billingportal.money import Money
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.metering.invoice_items import NewInvoiceItem

# The invoice item's metadata: the first and last of our rows, and how many they are.
LABEL = "billing_portal_use"
GONE = "This was done meanwhile, or changed. Look again."


@dataclass(frozen=True)
class Prepared:
    """An invoice item that is to be made for these events."""

    item: NewInvoiceItem
    event_ids: tuple[int, ...]
    label: str


def find_difference(session: Session, scope: Scope, kind: Kind) -> Difference:
    """The open difference of a client meter's day. Raises Refusal where there is none any more."""
    keys = [key for key in find_keys(session, scope) if key.kind == kind]
    if not keys:
        raise Refusal("", GONE)
    return describe(session, keys[:1], now())[0]


def is_billable(difference: Difference) -> bool:
    """Whether it can be billed by an invoice item: Stripe takes no more use of the period, and a next invoice comes."""
    live = difference.billing is not None and difference.billing.is_live
    return live and may_be_let_go(difference) and bool(difference.amount and difference.amount.minor)


def may_be_let_go(difference: Difference) -> bool:
    kind = difference.key.kind
    return kind == "late" or (kind in ("missing", "rejected") and not difference.is_open)


def shown(difference: Difference) -> ShownAmount:
    """What the button says that bills it. A credit has an id of its own, since forms show no negative amounts."""
    if difference.billing is None or difference.amount is None:
        raise Refusal("", GONE)
    amount, name = difference.amount, difference.billing.subscription.stripe_subscription_id
    return ShownAmount(name if amount.minor >= 0 else f"{name}-credit", Money(abs(amount.minor), amount.currency))


def bill(
    transaction: Transaction, gateway: StripeGateway, scope: Scope, kind: Kind, seen: ShownAmount | None, staff_id: int
) -> Money:
    """Put the use on the next invoice of the client's subscription; the amount.

    However often it is repeated, Stripe makes one item: by the idempotency key, and later by the item's metadata.
    Raises Refusal when it changed since it was shown, and a StripeProblem.
    """
    with transaction() as session:
        prepared = prepare(session, find_difference(session, scope, kind), seen)
    item_id = gateway.invoice_items.find(prepared.item.stripe_customer_id, LABEL, prepared.label)
    item_id = item_id or gateway.invoice_items.create(prepared.item, f"late-use-{prepared.label}")
    with transaction() as session:
        difference = find_difference(session, scope, kind)
        state = STATES.get(kind, "too_late")
        mark(session, difference, prepared.event_ids, billed_stripe_item_id=item_id, state=state)
        words = f"Billed {prepared.item.description}: {prepared.item.amount}."
        record(session, difference, "meter_event.billed", words, staff_id)
    return prepared.item.amount


def prepare(session: Session, difference: Difference, seen: ShownAmount | None) -> Prepared:
    if not is_billable(difference) or difference.billing is None or difference.amount is None:
        raise Refusal("", GONE)
    require_unchanged(seen, shown(difference))
    ids = [event.id for event in concerned(session, difference)]
    if not ids:
        raise Refusal("", GONE)
    subscription, item = difference.billing.subscription, difference.billing.item
    label = f"{ids[0]}-{ids[-1]}-{len(ids)}"
    start = difference.key.period_starts_at
    new = NewInvoiceItem(
        stripe_customer_id=subscription.stripe_customer_id,
        stripe_subscription_id=subscription.stripe_subscription_id,
        amount=difference.amount,
        description=description(difference),
        starts_at=start,
        ends_at=max(start, min(item.period_started_at, start + (item.period_ends_at - item.period_started_at))),
        labels={LABEL: label},
    )
    return Prepared(new, tuple(ids), label)


def description(difference: Difference) -> str:
    """The words of the invoice's line: "1,280 AI replies on 13 November 2026, reported late"."""
    units = f"{difference.units:,} {difference.owner.resource.unit} on {day_text(difference.key.day)}"
    return f"{units}, {'taken back' if difference.key.value < 0 and difference.key.kind == 'late' else 'reported'} late"


def let_go(session: Session, scope: Scope, kind: Kind, staff_id: int) -> Difference:
    """Decide that the use is not billed. Raises Refusal when it changed meanwhile."""
    difference = find_difference(session, scope, kind)
    ids = [event.id for event in concerned(session, difference)]
    if not ids or not may_be_let_go(difference):
        raise Refusal("", GONE)
    mark(session, difference, ids, state="let_go")
    record(session, difference, "meter_event.let_go", f"Did not bill {description(difference)}.", staff_id)
    return difference


def mark(session: Session, difference: Difference, ids: Sequence[int], **values: object) -> None:
    """Change these events where nobody billed them meanwhile, and compare the day anew."""
    outbox.lock_meters(session, ids)
    found = (MeterEvent.id.in_(ids), MeterEvent.billed_stripe_item_id.is_(None))
    session.execute(update(MeterEvent).where(*found).values(**values).execution_options(synchronize_session="fetch"))
    outbox.refresh_days(session, difference.key.client_meter_id, [difference.key.day])
    restate(session, difference.owner.row, difference.key.day)


def record(session: Session, difference: Difference, action: str, words: str, staff_id: int) -> None:
    owner = difference.owner
    record_act(
        session,
        Act(
            action,
            words,
            staff_id=staff_id,
            subject=("client", owner.client.id),
            processor_account_id=owner.row.processor_account_id,
        ),
    )
