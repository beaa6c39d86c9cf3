"""What many tests of the sandbox start from."""

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
