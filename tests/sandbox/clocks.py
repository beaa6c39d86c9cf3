"""Test clocks for tests: who lives by them, and time that passes."""

import calendar
from datetime import UTC, datetime
from typing import Any

import stripe

HOUR, DAY = 3600, 24 * 3600
START = 1_893_456_000  # 2030-01-01 00:00 UTC


def new_clock(client: stripe.StripeClient, at: int = START) -> str:
    """The id of a clock that stands at a time."""
    return client.v1.test_helpers.test_clocks.create(params={"frozen_time": at}).id


def customer_on(client: stripe.StripeClient, test_clock: str, card: str | None = "pm_card_visa") -> stripe.Customer:
    """A customer who lives by a clock, with a default card unless it is None."""
    params: Any = {"email": "owner@example.com", "test_clock": test_clock}
    if card is not None:
        params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    return client.v1.customers.create(params=params)


def new_card(client: stripe.StripeClient, customer: str, card: str) -> None:
    """Give a customer another default card."""
    method = client.v1.payment_methods.attach(card, params={"customer": customer})
    client.v1.customers.update(customer, params={"invoice_settings": {"default_payment_method": method.id}})


def frozen(client: stripe.StripeClient, test_clock: str) -> int:
    """The time on a clock."""
    return client.v1.test_helpers.test_clocks.retrieve(test_clock).frozen_time


def advance(client: stripe.StripeClient, test_clock: str, to: int) -> None:
    """Let time pass until a moment, in steps that Stripe allows: a month each, or what short intervals leave."""
    width = 31
    while (now := frozen(client, test_clock)) < to:
        try:
            step = min(to, now + width * DAY)
            client.v1.test_helpers.test_clocks.advance(test_clock, params={"frozen_time": step})
        except stripe.InvalidRequestError:
            if width == 1:
                raise
            width = 14 if width == 31 else 1


def months_after(moment: int, months: int) -> int:
    """The same day and time some months later, or the last day of that month."""
    start = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(start.year + year, month + 1)[1])
    return int(start.replace(year=start.year + year, month=month + 1, day=day).timestamp())


def renewed_at(subscription: stripe.Subscription) -> int:
    """When the first of a subscription's periods ends."""
    return min(int(item.current_period_end) for item in subscription["items"].data)


def invoices_of(client: stripe.StripeClient, subscription: str) -> list[stripe.Invoice]:
    """All invoices of a subscription, oldest first."""
    found = client.v1.invoices.list(params={"subscription": subscription, "limit": 100})
    return list(found.auto_paging_iter())[::-1]
