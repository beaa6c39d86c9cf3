"""Meters, events and summaries for tests."""

from typing import Any

import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount

DAY = 24 * 3600


def new_meter(client: stripe.StripeClient, formula: str = "sum", **more: Any) -> stripe.billing.Meter:
    """A meter of the event name `messages`."""
    aggregation = {"default_aggregation": {"formula": formula}}
    params: Any = {"display_name": "Messages", "event_name": "messages", **aggregation, **more}
    return client.v1.billing.meters.create(params=params)


def report(
    client: stripe.StripeClient,
    customer: str,
    value: object,
    at: int | None = None,
    key: str | None = None,
    **more: Any,
) -> stripe.billing.MeterEvent:
    """Report usage: a value at a time, under an idempotency key; `more` are other parameters."""
    params: Any = {"event_name": "messages", "payload": {"stripe_customer_id": customer, "value": str(value)}, **more}
    if at is not None:
        params["timestamp"] = at
    options: stripe.RequestOptions = {} if key is None else {"idempotency_key": key}
    return client.v1.billing.meter_events.create(params=params, options=options)


def summaries(
    client: stripe.StripeClient, meter: str, customer: str, start: int, end: int, **more: Any
) -> stripe.ListObject[stripe.billing.MeterEventSummary]:
    """The first page of the summaries from one time until before another; `more` are other parameters."""
    params: Any = {"customer": customer, "start_time": start, "end_time": end, **more}
    return client.v1.billing.meters.event_summaries.list(meter, params=params)


def total(client: stripe.StripeClient, meter: str, customer: str, start: int, end: int) -> float:
    """What Stripe says was used from one time until before another."""
    (found,) = summaries(client, meter, customer, start, end).data
    return found.aggregated_value


def lately(client: stripe.StripeClient, meter: str, customer: str, now: int) -> float:
    """What was used in the days around a time."""
    today = now // DAY * DAY
    return total(client, meter, customer, today - 2 * DAY, today + 2 * DAY)


def reports(sandbox: Sandbox, account: SandboxAccount) -> list[dict[str, Any]]:
    """All error reports, oldest first."""
    return sandbox.objects(account.id, "test", "meter_error_report")


def errors(sandbox: Sandbox, account: SandboxAccount) -> dict[str, int]:
    """How many errors of each code all reports together count."""
    counts: dict[str, int] = {}
    for one in reports(sandbox, account):
        for kind in one["error_types"]:
            counts[kind["code"]] = counts.get(kind["code"], 0) + kind["error_count"]
    return counts
