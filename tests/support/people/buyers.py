"""A client that buys, changes and fails to pay at Stripe by chance, and what it ever paid for."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, cast

import stripe

GOOD_CARDS = ("pm_card_visa", "pm_card_mastercard")
BAD_CARD = "pm_card_chargeCustomerFail"
ENDED = ("canceled", "incomplete_expired")
RUNNING = ("trialing", "active", "past_due", "unpaid", "paused")


class Buyer:
    """Its `plans` are price ids by the plan's name, the plan that gives least first. `granted` are the plans that were
    ever paid for or tried, and those that give less; `held` is what the client has now.
    """

    def __init__(self, sdk: stripe.StripeClient, chance: Random, plans: Mapping[str, str]) -> None:
        self.api = sdk.v1
        self.chance = chance
        self.plans = plans
        self.granted: set[str] = set()
        self.held: str | None = None
        self.is_trial = False
        self.customer = self.api.customers.create(params={"name": "Harbor Dental"}).id
        self.subscription: str | None = None

    def live(self, steps: int) -> None:
        """So many random steps; what Stripe refuses is no step. What is paid for is looked at after each."""
        for step in self.chance.choices(STEPS, WEIGHTS, k=steps):
            try:
                step(self)
            except (stripe.InvalidRequestError, stripe.CardError):
                continue
            finally:
                self.observe()

    def card(self) -> str:
        return BAD_CARD if self.chance.random() < 0.4 else self.chance.choice(GOOD_CARDS)

    def price(self) -> str:
        return self.plans[self.chance.choice(sorted(self.plans))]

    def pay_with(self, token: str) -> str:
        """Have a new card as the customer's default; its id."""
        method = self.api.payment_methods.attach(token, params={"customer": self.customer}).id
        self.api.customers.update(self.customer, params={"invoice_settings": {"default_payment_method": method}})
        return method

    def observe(self) -> None:
        """What is paid for now, by what Stripe itself says about the subscription and its latest invoice."""
        if self.subscription is None:
            return
        found = self.api.subscriptions.retrieve(self.subscription)
        names = {price: name for name, price in self.plans.items()}
        plan = names[found.items.data[0].price.id]
        latest = self.api.invoices.retrieve(str(found.latest_invoice))
        if found.status == "trialing":
            self.held, self.is_trial = plan, True
        elif found.status == "active" and latest.status == "paid":
            self.held, self.is_trial = plan, False
        elif found.status not in RUNNING or (self.is_trial and found.status != "active"):
            self.held = None
        elif self.held is not None and self.rank(plan) < self.rank(self.held):
            self.held = plan  # what gives less than was paid for needs no payment
        if found.status in ENDED:
            self.subscription = None
        if self.held is not None:
            self.granted |= set(list(self.plans)[: self.rank(self.held) + 1])

    def rank(self, plan: str) -> int:
        return list(self.plans).index(plan)


def subscribe(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        return
    buyer.pay_with(buyer.card())
    params: dict[str, Any] = {"customer": buyer.customer, "items": [{"price": buyer.price()}]}
    if buyer.chance.random() < 0.3:
        params["trial_period_days"] = 7
    buyer.subscription = buyer.api.subscriptions.create(params=cast(Any, params)).id


def change(buyer: Buyer, **behavior: str) -> None:
    if buyer.subscription is None:
        return
    buyer.pay_with(buyer.card())
    item = buyer.api.subscriptions.retrieve(buyer.subscription).items.data[0].id
    buyer.api.subscriptions.update(
        buyer.subscription,
        params=cast(
            Any,
            {"items": [{"id": item, "price": buyer.price()}], "proration_behavior": "always_invoice", **behavior},
        ),
    )


def change_once_paid(buyer: Buyer) -> None:
    change(buyer, payment_behavior="pending_if_incomplete")


def change_at_once(buyer: Buyer) -> None:
    change(buyer, payment_behavior="allow_incomplete")


def pay_what_is_open(buyer: Buyer) -> None:
    buyer.pay_with(buyer.chance.choice(GOOD_CARDS))
    for invoice in buyer.api.invoices.list(params={"customer": buyer.customer, "status": "open"}).data:
        buyer.api.invoices.pay(str(invoice.id))


def end_trial(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        buyer.pay_with(buyer.card())
        buyer.api.subscriptions.update(buyer.subscription, params={"trial_end": "now"})


def cancel(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        buyer.api.subscriptions.cancel(buyer.subscription)


STEPS: list[Callable[[Buyer], None]] = [
    subscribe,
    change_once_paid,
    change_at_once,
    pay_what_is_open,
    end_trial,
    cancel,
]
WEIGHTS = [6, 3, 3, 3, 1, 1]
