"""Parses Stripe's JSON of checkout sessions, subscription schedules and test clocks."""

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.fields import (
    has_adjustments,
    moment,
    optional_id,
    optional_moment,
    optional_number,
    optional_text,
    plain_rows,
    required_id,
    short_text,
    stored_part,
    text,
)
from billingportal.stripe_gateway.objects.sales import CheckoutSessionCopy, SubscriptionScheduleCopy, TestClockCopy


def checkout_session(source: JsonObject) -> CheckoutSessionCopy:
    return CheckoutSessionCopy(
        stripe_checkout_session_id=short_text(source, "id"),
        stripe_customer_id=optional_id(source, "customer"),
        stripe_subscription_id=optional_id(source, "subscription"),
        mode=text(source, "mode"),
        status=optional_text(source, "status"),
        payment_status=text(source, "payment_status"),
        client_reference=optional_text(source, "client_reference_id"),
        currency=optional_text(source, "currency"),
        total_minor=optional_number(source, "amount_total"),
        labels=stored_part(source, "metadata"),
        expires_at=moment(source, "expires_at"),
        created_at=moment(source, "created"),
    )


def subscription_schedule(source: JsonObject) -> SubscriptionScheduleCopy:
    return SubscriptionScheduleCopy(
        stripe_schedule_id=short_text(source, "id"),
        stripe_customer_id=required_id(source, "customer"),
        stripe_subscription_id=optional_id(source, "subscription") or optional_id(source, "released_subscription"),
        status=text(source, "status"),
        end_behavior=text(source, "end_behavior"),
        phases=[phase(row) for row in plain_rows(source, "phases")],
        labels=stored_part(source, "metadata"),
        released_at=optional_moment(source, "released_at"),
        completed_at=optional_moment(source, "completed_at"),
        canceled_at=optional_moment(source, "canceled_at"),
        created_at=moment(source, "created"),
    )


def phase(source: JsonObject) -> JsonObject:
    """The start, end and prices of a phase, and whether more than the prices decides on its amounts."""
    items: list[Json] = [
        {"price": required_id(row, "price"), "quantity": optional_number(row, "quantity")}
        for row in plain_rows(source, "items")
    ]
    return {
        "starts_at": moment(source, "start_date").isoformat(),
        "ends_at": moment(source, "end_date").isoformat(),
        "items": items,
        "has_adjustments": has_adjustments(source)
        or any(source.get(name) for name in ("add_invoice_items", "trial_end")),
    }


def test_clock(source: JsonObject) -> TestClockCopy:
    return TestClockCopy(
        stripe_test_clock_id=short_text(source, "id"),
        status=text(source, "status"),
        frozen_at=moment(source, "frozen_time"),
        created_at=moment(source, "created"),
    )
