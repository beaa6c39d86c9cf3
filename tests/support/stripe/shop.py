"""A business that lives at random in the sandbox, by the official SDK."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

import stripe

Step = Callable[["Shop"], None]


class Shop:
    """One account's goings-on: each step does one thing at Stripe, or nothing where it does not apply."""

    def __init__(self, client: stripe.StripeClient, chance: Random) -> None:
        self.api = client.v1
        self.chance = chance
        self.products: list[str] = []
        self.prices: list[str] = []
        self.customers: list[str] = []
        self.subscriptions: list[str] = []
        self.meters: list[str] = []

    def open(self) -> None:
        """Have something to sell and somebody to sell it to."""
        for step in (add_product, add_flat_price, add_customer, subscribe):
            step(self)

    def live(self, steps: int) -> None:
        """So many random steps. What Stripe refuses is no step."""
        for step in self.chance.choices(STEPS, WEIGHTS, k=steps):
            try:
                step(self)
            except (stripe.InvalidRequestError, stripe.CardError, IndexError):
                continue

    def word(self) -> str:
        """One of few words, so that states recur."""
        return self.chance.choice(("Amber", "Birch", "Coral"))


def add_product(shop: Shop) -> None:
    shop.products.append(shop.api.products.create(params={"name": shop.word()}).id)


def change_product(shop: Shop) -> None:
    which = shop.chance.choice(shop.products)
    shop.api.products.update(which, params={"name": shop.word(), "metadata": {"tier": shop.word()}})


def delete_product(shop: Shop) -> None:
    shop.api.products.delete(shop.chance.choice(shop.products))


def add_flat_price(shop: Shop) -> None:
    made = shop.api.prices.create(
        params={
            "currency": "eur",
            "unit_amount": 900,
            "product": shop.chance.choice(shop.products),
            "recurring": {"interval": "month"},
        }
    )
    shop.prices.append(made.id)


def add_tiered_price(shop: Shop) -> None:
    made = shop.api.prices.create(
        params={
            "currency": "eur",
            "product": shop.chance.choice(shop.products),
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [
                {"up_to": 5, "unit_amount": 500},
                {"up_to": "inf", "unit_amount_decimal": Decimal("0.123456789012")},
            ],
            "currency_options": {"usd": {"tiers": [{"up_to": "inf", "unit_amount": 700}]}},
        }
    )
    shop.prices.append(made.id)


def change_price(shop: Shop) -> None:
    shop.api.prices.update(
        shop.chance.choice(shop.prices), params={"nickname": shop.word(), "active": shop.chance.random() < 0.7}
    )


def add_meter(shop: Shop) -> None:
    made = shop.api.billing.meters.create(
        params={
            "display_name": shop.word(),
            "event_name": f"messages_{len(shop.meters)}",
            "default_aggregation": {"formula": "sum"},
        }
    )
    shop.meters.append(made.id)


def change_meter(shop: Shop) -> None:
    meters, which = shop.api.billing.meters, shop.chance.choice(shop.meters)
    shop.chance.choice((meters.deactivate, meters.reactivate))(which)


def add_customer(shop: Shop) -> None:
    made = shop.api.customers.create(
        params={
            "name": shop.word(),
            "email": "front-desk@harbor.example",
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    shop.customers.append(made.id)


def change_customer(shop: Shop) -> None:
    which = shop.chance.choice(shop.customers)
    shop.api.customers.update(which, params={"name": shop.word(), "metadata": {"tier": shop.word()}})


def delete_customer(shop: Shop) -> None:
    shop.api.customers.delete(shop.chance.choice(shop.customers))


def subscribe(shop: Shop) -> None:
    made = shop.api.subscriptions.create(
        params={
            "customer": shop.chance.choice(shop.customers),
            "items": [{"price": shop.chance.choice(shop.prices), "quantity": shop.chance.randint(1, 9)}],
        }
    )
    shop.subscriptions.append(made.id)


def subscribe_by_bill(shop: Shop) -> None:
    made = shop.api.subscriptions.create(
        params={
            "customer": shop.chance.choice(shop.customers),
            "items": [{"price": shop.chance.choice(shop.prices)}],
            "collection_method": "send_invoice",
            "days_until_due": 14,
        }
    )
    shop.subscriptions.append(made.id)


def change_quantity(shop: Shop) -> None:
    which = shop.chance.choice(shop.subscriptions)
    item = shop.api.subscriptions.retrieve(which).items.data[0].id
    quantity = shop.chance.randint(1, 3)
    shop.api.subscriptions.update(which, params={"items": [{"id": item, "quantity": quantity}]})


def change_cancellation(shop: Shop) -> None:
    shop.api.subscriptions.update(
        shop.chance.choice(shop.subscriptions), params={"cancel_at_period_end": shop.chance.random() < 0.5}
    )


def cancel(shop: Shop) -> None:
    shop.api.subscriptions.cancel(shop.chance.choice(shop.subscriptions))


def settle_invoice(shop: Shop) -> None:
    invoices = shop.api.invoices
    which = shop.chance.choice(invoices.list(params={"status": "open"}).data).id
    assert which is not None
    shop.chance.choice((invoices.pay, invoices.void_invoice, invoices.mark_uncollectible))(which)


# What may happen, and how often.
STEPS: list[Step] = [
    add_product,
    change_product,
    delete_product,
    add_flat_price,
    add_tiered_price,
    change_price,
    add_meter,
    change_meter,
    add_customer,
    change_customer,
    delete_customer,
    subscribe,
    subscribe_by_bill,
    change_quantity,
    change_cancellation,
    cancel,
    settle_invoice,
]
WEIGHTS = [1, 3, 1, 1, 1, 2, 1, 2, 2, 4, 1, 3, 1, 4, 3, 1, 2]
