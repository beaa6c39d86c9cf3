"""A client that buys, changes and fails to pay at Stripe by chance, and what it ever paid for.

Time passes for it on a test clock; its invoices are given up or void, their collection is paused, its card is removed.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, cast

import stripe

GOOD_CARDS = ("pm_card_visa", "pm_card_mastercard")
BAD_CARD = "pm_card_chargeCustomerFail"
ENDED = ("canceled", "incomplete_expired")
RUNNING = ("trialing", "active", "past_due", "unpaid", "paused")
START = 1_893_456_000  # 2030-01-01 00:00 UTC
DAY = 24 * 3600


class Buyer:
    """Its `plans` are price ids by the plan's name, the plan that gives least first; `by_use` names one of them that is
    paid afterwards. `granted` are the plans that were ever paid for or tried, and those that give less; `held` is what
    the client has now.
    """

    def __init__(
        self, sdk: stripe.StripeClient, chance: Random, plans: Mapping[str, str], by_use: str | None = None
    ) -> None:
        self.api = sdk.v1
        self.chance = chance
        self.plans = plans
        self.by_use = by_use
        self.granted: set[str] = set()
        self.held: str | None = None
        self.is_trial = False
        clocks = self.api.test_helpers.test_clocks
        self.clock = clocks.create(params={"frozen_time": START}).id
        self.customer = self.api.customers.create(params={"name": "Harbor Dental", "test_clock": self.clock}).id
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

    def price(self, *, in_advance: bool = False) -> str:
        return self.plans[self.chance.choice(sorted(self.plans.keys() - ({self.by_use} if in_advance else set())))]

    def pay_with(self, token: str) -> str:
        """Have a new card as the customer's default; its id."""
        method = self.api.payment_methods.attach(token, params={"customer": self.customer}).id
        self.api.customers.update(self.customer, params={"invoice_settings": {"default_payment_method": method}})
        return method

    def observe(self) -> None:
        """What is paid for now, by what Stripe itself says about the subscription and its invoices."""
        if self.subscription is None:
            return
        found = self.api.subscriptions.retrieve(self.subscription)
        names = {price: name for name, price in self.plans.items()}
        self.judge(found.status, names[found.items.data[0].price.id], self.invoices())
        if found.status in ENDED:
            self.subscription = None
        if self.held is not None:
            self.granted |= set(list(self.plans)[: self.rank(self.held) + 1])

    def invoices(self) -> list[stripe.Invoice]:
        """The invoices of the subscription, newest first."""
        return list(self.api.invoices.list(params={"subscription": str(self.subscription), "limit": 100}).data)

    def judge(self, status: str, plan: str, invoices: list[stripe.Invoice]) -> None:
        """The newest invoice that is not void decides. A plan that was only tried ends with its first failure."""
        newest = next((one.status for one in invoices if one.status != "void"), None)
        ever_paid = any(one.status == "paid" and one.subtotal > 0 for one in invoices)
        is_before = self.held is not None and self.rank(plan) <= self.rank(self.held)
        if status == "trialing":
            self.held, self.is_trial = plan, True
        elif plan == self.by_use and status in RUNNING:
            self.held, self.is_trial = plan, False
        elif status == "active" and (newest == "paid" or is_before or self.held is None):
            self.held, self.is_trial = plan, self.is_trial and not ever_paid
        elif status not in RUNNING or (self.is_trial and status != "active"):
            self.held = None
        elif is_before:
            self.held = plan  # what gives less than was paid for needs no payment

    def note_paid(self, invoice: stripe.Invoice) -> None:
        """What an invoice charged for was paid for, also where its subscription has ended meanwhile."""
        names = {price: name for name, price in self.plans.items()}
        for line in invoice.lines.data:
            details = line.pricing.price_details if line.pricing else None
            if details is not None and line.amount > 0:
                self.granted |= set(list(self.plans)[: self.rank(names[str(details.price)]) + 1])

    def is_by_use(self) -> bool:
        return self.held is not None and self.held == self.by_use

    def rank(self, plan: str) -> int:
        return list(self.plans).index(plan)


def subscribe(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        return
    buyer.pay_with(buyer.card())
    params: dict[str, Any] = {"customer": buyer.customer, "items": [{"price": buyer.price()}]}
    if buyer.chance.random() < 0.3:
        params["trial_period_days"] = 7
    buyer.is_trial = False
    buyer.subscription = buyer.api.subscriptions.create(params=cast(Any, params)).id


def change(buyer: Buyer, **behavior: str) -> None:
    if buyer.subscription is None or buyer.is_by_use():
        return
    buyer.pay_with(buyer.card())
    item = buyer.api.subscriptions.retrieve(buyer.subscription).items.data[0].id
    items = [{"id": item, "price": buyer.price(in_advance=True)}]
    params: Any = {"items": items, "proration_behavior": "always_invoice", **behavior}
    buyer.api.subscriptions.update(buyer.subscription, params=params)


def change_once_paid(buyer: Buyer) -> None:
    change(buyer, payment_behavior="pending_if_incomplete")


def change_at_once(buyer: Buyer) -> None:
    change(buyer, payment_behavior="allow_incomplete")


def pay_what_is_open(buyer: Buyer) -> None:
    buyer.pay_with(buyer.chance.choice(GOOD_CARDS))
    for invoice in buyer.api.invoices.list(params={"customer": buyer.customer, "status": "open"}).data:
        buyer.note_paid(buyer.api.invoices.pay(str(invoice.id)))


def end_trial(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        buyer.pay_with(buyer.card())
        buyer.api.subscriptions.update(buyer.subscription, params={"trial_end": "now"})


def cancel(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        buyer.api.subscriptions.cancel(buyer.subscription)


def let_time_pass(buyer: Buyer) -> None:
    """Into the hour in which an invoice is a draft, or some days on: no two periods end in one step."""
    now = buyer.api.test_helpers.test_clocks.retrieve(buyer.clock).frozen_time
    to = now + 20 * DAY
    if buyer.subscription is not None and buyer.chance.random() < 0.5:
        item = buyer.api.subscriptions.retrieve(buyer.subscription).items.data[0]
        to = min(to, item.current_period_end + 60)
    buyer.api.test_helpers.test_clocks.advance(buyer.clock, params={"frozen_time": max(to, now + 60)})


def give_up_what_is_open(buyer: Buyer) -> None:
    """The partner voids the newest open invoice, or marks it uncollectible."""
    invoices = buyer.api.invoices
    found = invoices.list(params={"customer": buyer.customer, "status": "open"}).data
    if found:
        buyer.chance.choice((invoices.void_invoice, invoices.mark_uncollectible))(str(found[0].id))


def pause_collection(buyer: Buyer) -> None:
    if buyer.subscription is not None:
        behavior = buyer.chance.choice(("keep_as_draft", "mark_uncollectible", "void", ""))
        pause: Any = {"behavior": behavior} if behavior else ""
        buyer.api.subscriptions.update(buyer.subscription, params={"pause_collection": pause})


def remove_card(buyer: Buyer) -> None:
    methods = buyer.api.payment_methods.list(params={"customer": buyer.customer}).data
    if methods:
        buyer.api.payment_methods.detach(buyer.chance.choice(methods).id)


STEPS: list[Callable[[Buyer], None]] = [
    subscribe,
    change_once_paid,
    change_at_once,
    pay_what_is_open,
    end_trial,
    cancel,
    let_time_pass,
    give_up_what_is_open,
    pause_collection,
    remove_card,
]
WEIGHTS = [6, 3, 3, 3, 1, 1, 5, 2, 1, 1]
