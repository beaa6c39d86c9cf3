"""Amounts beside the prices of a subscription, through the official SDK against the sandbox."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import stripe

from billingportal.money import Money
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.metering.invoice_items import NewInvoiceItem
from tests.sandbox.build import monthly_price, paying_customer, subscribe
from tests.sandbox.clocks import START, advance, customer_on, invoices_of, new_clock, renewed_at
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

STARTED, ENDED = datetime(2026, 10, 14, tzinfo=UTC), datetime(2026, 11, 14, tzinfo=UTC)


@pytest.fixture
def sdk(sandbox: Sandbox, account: SandboxAccount) -> stripe.StripeClient:
    return sandbox.client(account.test_key)


@pytest.mark.parametrize("minor", [512, -300])
def test_the_next_invoice_bills_it_once(sdk: stripe.StripeClient, gateway: StripeGateway, minor: int) -> None:
    clock = new_clock(sdk, START)
    customer = customer_on(sdk, clock).id
    subscription = subscribe(sdk, customer, monthly_price(sdk, 4900).id)
    new = NewInvoiceItem(
        customer, subscription.id, Money(minor, "usd"), "1,280 AI replies", STARTED, ENDED, {"use": "7-9"}
    )

    made = {gateway.invoice_items.create(new, "late-7-9") for _ in range(2)}
    advance(sdk, clock, renewed_at(subscription) + 2 * 3600)

    assert made == {gateway.invoice_items.find(customer, "use", "7-9")}
    assert gateway.invoice_items.find(customer, "use", "7") is None
    renewal = invoices_of(sdk, subscription.id)[-1]
    lines = {str(line.description): line for line in renewal.lines.data}
    assert renewal.total == 4900 + minor
    line = lines["1,280 AI replies"]
    assert (line.amount, line.period.start, line.period.end) == (
        minor,
        int(STARTED.timestamp()),
        int(ENDED.timestamp()),
    )


def test_what_no_invoice_can_bill_is_refused(sdk: stripe.StripeClient, gateway: StripeGateway) -> None:
    customer, other = paying_customer(sdk).id, paying_customer(sdk).id
    subscription = subscribe(sdk, customer, monthly_price(sdk, 4900).id).id
    new = NewInvoiceItem(customer, subscription, Money(512, "usd"), "AI replies", STARTED, ENDED, {})

    for position, wrong in enumerate(
        (
            replace(new, stripe_customer_id=other),
            replace(new, amount=Money(512, "eur")),
            replace(new, starts_at=ENDED, ends_at=STARTED),
        )
    ):
        with pytest.raises(RequestRefused):
            gateway.invoice_items.create(wrong, f"wrong-{position}")
    sdk.v1.subscriptions.cancel(subscription)
    with pytest.raises(RequestRefused):
        gateway.invoice_items.create(new, "ended")
