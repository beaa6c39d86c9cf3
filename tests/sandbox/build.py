"""What many tests of the sandbox start from."""

from typing import Any

import stripe


def monthly_price(
    client: stripe.StripeClient, amount: int = 1000, currency: str = "usd", **more: object
) -> stripe.Price:
    """A flat monthly price of a product of its own."""
    params = {
        "currency": currency,
        "unit_amount": amount,
        "product_data": {"name": "Plan"},
        "recurring": {"interval": "month"},
        **more,
    }
    return client.v1.prices.create(params=params)  # type: ignore[arg-type]


def paying_customer(client: stripe.StripeClient, card: str = "pm_card_visa") -> stripe.Customer:
    """A customer whose default card is one of Stripe's test cards."""
    return client.v1.customers.create(
        params={
            "email": "owner@example.com",
            "payment_method": card,
            "invoice_settings": {"default_payment_method": card},
        }
    )


def running_subscription(client: stripe.StripeClient, amount: int = 1000, quantity: int = 1) -> stripe.Subscription:
    """An active, paid subscription to a monthly price."""
    price, customer = monthly_price(client, amount), paying_customer(client)
    return client.v1.subscriptions.create(
        params={"customer": customer.id, "items": [{"price": price.id, "quantity": quantity}]}
    )


def first_item(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    """The first item of a subscription (`items` is the list here, not a dict's method)."""
    return subscription["items"].data[0]  # type: ignore[no-any-return]


def event_types(client: stripe.StripeClient) -> list[str]:
    """The types of all events, oldest first."""
    events = client.v1.events.list(params={"limit": 100}).auto_paging_iter()
    return [str(event.type) for event in events][::-1]


def preview(client: stripe.StripeClient, **given: Any) -> stripe.Invoice:
    """The invoice that would come."""
    params: Any = given
    return client.v1.invoices.create_preview(params=params)


def metered_price(client: stripe.StripeClient, amount: int = 20) -> stripe.Price:
    """A monthly price for each message used."""
    meter = client.v1.billing.meters.create(
        params={"display_name": "Messages", "event_name": "messages", "default_aggregation": {"formula": "sum"}}
    )
    return monthly_price(client, amount, recurring={"interval": "month", "usage_type": "metered", "meter": meter.id})


def subscribe(client: stripe.StripeClient, customer: str, price: str, **more: Any) -> stripe.Subscription:
    """A subscription to one price, or to the `items` given."""
    params: Any = {"customer": customer, "items": [{"price": price}], **more}
    return client.v1.subscriptions.create(params=params)


def change(client: stripe.StripeClient, subscription: stripe.Subscription, **params: Any) -> stripe.Subscription:
    """The subscription after an update."""
    given: Any = params
    return client.v1.subscriptions.update(subscription.id, params=given)


def latest_invoice(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    """The invoice that the subscription made last."""
    fresh = client.v1.subscriptions.retrieve(subscription.id)
    return client.v1.invoices.retrieve(str(fresh.latest_invoice))


def on_clock(client: stripe.StripeClient, at: int, card: str = "pm_card_visa") -> tuple[str, stripe.Customer]:
    """A test clock that stands at a time, and a paying customer who lives by it."""
    test_clock = client.v1.test_helpers.test_clocks.create(params={"frozen_time": at})
    params: Any = {
        "test_clock": test_clock.id,
        "payment_method": card,
        "invoice_settings": {"default_payment_method": card},
    }
    return test_clock.id, client.v1.customers.create(params=params)


def told(invoice: stripe.Invoice) -> dict[str, object]:
    """What an invoice says of money; periods that start now start a little later at the second asking."""
    lines = [
        (
            line.amount,
            line.quantity,
            str(line.quantity_decimal),
            line.pricing.price_details.price if line.pricing and line.pricing.price_details else None,
            line.description,
            line.parent.subscription_item_details.proration
            if line.parent and line.parent.subscription_item_details
            else None,
        )
        for line in invoice.lines.auto_paging_iter()
    ]
    sums = (invoice.subtotal, invoice.total, invoice.amount_due, invoice.starting_balance, invoice.currency)
    return {"lines": lines, "sums": sums}
