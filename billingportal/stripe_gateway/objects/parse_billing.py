"""Parses Stripe's JSON of customers, subscriptions and invoices."""

from collections import Counter

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.copies import (
    CustomerCopy,
    InvoiceCopy,
    SubscriptionCopy,
    SubscriptionItemCopy,
)
from billingportal.stripe_gateway.objects.fields import (
    count,
    first_rows,
    flag,
    has_adjustments,
    moment,
    number,
    optional_count,
    optional_id,
    optional_moment,
    optional_number,
    optional_text,
    part,
    required_id,
    rows,
    short_text,
    stored_part,
    text,
)

LONGEST_PURPOSE = 120


def customer(source: JsonObject) -> CustomerCopy:
    """The customer. Without a default payment method Stripe charges a legacy `default_source`."""
    return CustomerCopy(
        stripe_customer_id=short_text(source, "id"),
        name=optional_text(source, "name"),
        email=optional_text(source, "email"),
        currency=optional_text(source, "currency"),
        balance_minor=optional_number(source, "balance") or 0,
        delinquent=flag(source, "delinquent"),
        default_stripe_payment_method_id=(
            optional_id(part(source, "invoice_settings"), "default_payment_method")
            or optional_id(source, "default_source")
        ),
        stripe_test_clock_id=optional_id(source, "test_clock"),
        has_discount=source.get("discount") is not None,
        address=stored_part(source, "address"),
        labels=stored_part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def subscription(source: JsonObject) -> SubscriptionCopy:
    pause = part(source, "pause_collection")
    items = sorted((subscription_item(row) for row in rows(source, "items")), key=item_id)
    return SubscriptionCopy(
        stripe_subscription_id=short_text(source, "id"),
        stripe_customer_id=required_id(source, "customer"),
        status=text(source, "status"),
        currency=text(source, "currency"),
        collection_method=text(source, "collection_method"),
        billing_mode=optional_text(part(source, "billing_mode"), "type") or "",
        cancel_at_period_end=flag(source, "cancel_at_period_end"),
        cancels_at=optional_moment(source, "cancel_at"),
        canceled_at=optional_moment(source, "canceled_at"),
        ended_at=optional_moment(source, "ended_at"),
        trial_ends_at=optional_moment(source, "trial_end"),
        missing_payment_method=missing_payment_method(source),
        started_at=moment(source, "start_date"),
        latest_stripe_invoice_id=optional_id(source, "latest_invoice"),
        default_stripe_payment_method_id=(
            optional_id(source, "default_payment_method") or optional_id(source, "default_source")
        ),
        stripe_schedule_id=optional_id(source, "schedule"),
        pending_update_expires_at=optional_moment(part(source, "pending_update"), "expires_at"),
        cancellation_reason=optional_text(part(source, "cancellation_details"), "reason"),
        is_collection_paused=bool(pause),
        collection_pause_behavior=optional_text(pause, "behavior"),
        collection_resumes_at=optional_moment(pause, "resumes_at"),
        has_adjustments=has_adjustments(source) or begins_with_a_stub(source),
        labels=stored_part(source, "metadata"),
        created_at=moment(source, "created"),
        items=tuple(items),
    )


def missing_payment_method(source: JsonObject) -> str:
    """What Stripe does when the trial ends without a payment method. Without a setting it makes an invoice."""
    ending = part(part(source, "trial_settings"), "end_behavior")
    return optional_text(ending, "missing_payment_method") or "create_invoice"


def begins_with_a_stub(source: JsonObject) -> bool:
    """Whether the trial ends in the middle of a billing cycle: the period after it is shorter than the price's."""
    return source.get("status") == "trialing" and source.get("billing_cycle_anchor") != source.get("trial_end")


def item_id(item: SubscriptionItemCopy) -> str:
    return item.stripe_subscription_item_id


def subscription_item(source: JsonObject) -> SubscriptionItemCopy:
    sold = part(source, "price")
    return SubscriptionItemCopy(
        stripe_subscription_item_id=short_text(source, "id"),
        stripe_price_id=short_text(sold, "id"),
        stripe_product_id=required_id(sold, "product"),
        quantity=optional_count(source, "quantity"),
        period_started_at=moment(source, "current_period_start"),
        period_ends_at=moment(source, "current_period_end"),
    )


def invoice(source: JsonObject) -> InvoiceCopy:
    transitions = part(source, "status_transitions")
    return InvoiceCopy(
        stripe_invoice_id=short_text(source, "id"),
        stripe_customer_id=optional_id(source, "customer"),
        stripe_subscription_id=optional_id(part(part(source, "parent"), "subscription_details"), "subscription"),
        number=optional_text(source, "number"),
        status=text(source, "status"),
        billing_reason=optional_text(source, "billing_reason"),
        collection_method=text(source, "collection_method"),
        currency=text(source, "currency"),
        subtotal_minor=number(source, "subtotal"),
        total_minor=number(source, "total"),
        amount_due_minor=number(source, "amount_due"),
        amount_paid_minor=number(source, "amount_paid"),
        amount_remaining_minor=number(source, "amount_remaining"),
        attempt_count=count(source, "attempt_count"),
        next_attempt_at=optional_moment(source, "next_payment_attempt"),
        automatically_finalizes_at=optional_moment(source, "automatically_finalizes_at"),
        due_at=optional_moment(source, "due_date"),
        finalized_at=optional_moment(transitions, "finalized_at"),
        paid_at=optional_moment(transitions, "paid_at"),
        voided_at=optional_moment(transitions, "voided_at"),
        period_starts_at=optional_moment(source, "period_start"),
        period_ends_at=optional_moment(source, "period_end"),
        hosted_invoice_url=optional_text(source, "hosted_invoice_url"),
        invoice_pdf_url=optional_text(source, "invoice_pdf"),
        sold=sold(source),
        purpose=purpose(source),
        labels=stored_part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def purpose(source: JsonObject) -> str | None:
    """What an invoice without a subscription is for: the words of its first line, else its memo."""
    if source.get("parent") is not None:
        return None
    first = next(iter(first_lines(source)), None)
    words = (optional_text(first, "description") if first else None) or optional_text(source, "description")
    return words[:LONGEST_PURPOSE] if words else None


def first_lines(source: JsonObject) -> list[JsonObject]:
    listed = part(source, "lines")
    return first_rows(listed) if listed else []


def sold(source: JsonObject) -> list[Json]:
    """The prices and quantities on an invoice's first page of lines. Each tier has its own line.

    Prorations of the time before count only for prices that the invoice does not charge for a whole period.
    """
    periods: Counter[str] = Counter()
    prorations: Counter[str] = Counter()
    for line in first_lines(source):
        price = optional_id(part(part(line, "pricing"), "price_details"), "price")
        if price is not None and number(line, "amount") > 0:
            counted = prorations if is_proration(line) else periods
            counted[price] += optional_number(line, "quantity") or 0
    quantities = {**prorations, **periods}
    return [{"price": price, "quantity": quantities[price]} for price in sorted(quantities)]


def is_proration(line: JsonObject) -> bool:
    parent = part(line, "parent")
    details = (part(parent, name) for name in ("subscription_item_details", "invoice_item_details"))
    return any(one.get("proration") is True for one in details)
