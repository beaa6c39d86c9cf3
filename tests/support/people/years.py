"""Many clients on one test clock, who renew, change, fail to pay and leave by chance, month after month."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import stripe

from tests.support.catalog.catalog import Catalog
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient

HOUR, DAY = 3600, 24 * 3600
GOOD, BAD = "pm_card_visa", "pm_card_chargeCustomerFail"
ENDED = ("canceled", "incomplete_expired")
FAILING = ("past_due", "unpaid")
PAUSES = ("keep_as_draft", "mark_uncollectible", "void")


@dataclass(frozen=True)
class Wares:
    """What is sold: the prices paid ahead by the plan's name, the plan that gives least first; and what else."""

    ahead: dict[str, str]
    seats: str
    use: str
    meter_event: str

    def items(self, name: str, seats: int) -> list[dict[str, object]]:
        """What a subscription to a plan has."""
        items: list[dict[str, object]] = [{"price": self.ahead[name], "quantity": 1}]
        if name == "Team":
            items.append({"price": self.seats, "quantity": seats})
        if name == "Metered":
            items.append({"price": self.use})
        return items


def wares_of(catalog: Catalog) -> Wares:
    """Flat by month and by year, a number of seats in tiers, and use by a meter."""
    seats = catalog.tiered(
        "graduated", [{"up_to": 5, "unit_amount": 700}, {"up_to": "inf", "unit_amount": 500, "flat_amount": 100}]
    )
    meter = catalog.meter("messages_sent")
    return Wares(
        ahead={
            "Small": catalog.price(unit_amount=900, tax_behavior="exclusive"),
            "Metered": catalog.price(unit_amount=1500),
            "Team": catalog.price(unit_amount=2900),
            "Large": catalog.price(unit_amount=9900, tax_behavior="inclusive"),
            "Yearly": catalog.price(unit_amount=99000, recurring={"interval": "year"}),
        },
        seats=seats,
        use=catalog.metered(meter, unit_amount=2),
        meter_event="messages_sent",
    )


class Year:
    """Drives Stripe's side of the year, by the official SDK."""

    def __init__(self, sandbox: SandboxClient, account: SandboxAccount, start: int, chance: Random) -> None:
        sandbox.control("clocks", customers_per_clock=1000)
        sandbox.control("tax", account=account.id, mode="test", percent="19", active=True)
        self.api = sandbox.client(account.test_key).v1
        self.chance = chance
        self.coupons = [self.coupon(percent) for percent in (30, 100)]
        self.wares = wares_of(Catalog(sandbox.client(account.test_key)))
        self.time = start
        self.clock = self.api.test_helpers.test_clocks.create(params={"frozen_time": start}).id
        self.subscriptions: dict[str, str] = {}

    def coupon(self, percent: int) -> str:
        """A coupon for the next invoice."""
        return self.api.coupons.create(params={"percent_off": percent, "duration": "once"}).id

    def add_customer(self, number: int) -> str:
        """A new customer, who subscribes at once. Every third is taxed from the second invoice on.

        Every fifth has nothing to pay for the second one.
        """
        made = self.api.customers.create(
            params={
                "name": f"Client {number}",
                "test_clock": self.clock,
                "payment_method": GOOD,
                "invoice_settings": {"default_payment_method": GOOD},
            }
        ).id
        self.subscribe(made, list(self.wares.ahead)[number % len(self.wares.ahead)])
        if number % 3 == 0:
            be_taxed(self, made)
        if number % 5 == 1:
            discounts = {"discounts": [{"coupon": self.coupons[-1]}]}
            self.api.subscriptions.update(self.subscriptions[made], params=cast(Any, discounts))
        return made

    def subscribe(self, customer: str, plan: str) -> None:
        params: dict[str, Any] = {"customer": customer, "items": self.wares.items(plan, self.chance.randint(1, 9))}
        if self.chance.random() < 0.2:
            params["trial_period_days"] = 14
        self.subscriptions[customer] = self.api.subscriptions.create(params=cast(Any, params)).id

    def live_a_month(self) -> None:
        """Let a third of the clients do something, and a month pass with all that comes due in it."""
        for customer in self.subscriptions:
            if self.chance.random() < 0.35:
                try:
                    self.chance.choice(DEEDS)(self, customer)
                except (stripe.InvalidRequestError, stripe.CardError):
                    continue  # what Stripe refuses did not happen
        self.advance(30 * DAY)
        self.advance(2 * HOUR)

    def advance(self, seconds: int) -> None:
        self.time += seconds
        self.api.test_helpers.test_clocks.advance(self.clock, params={"frozen_time": self.time})

    def running(self, customer: str) -> stripe.Subscription | None:
        found = self.api.subscriptions.retrieve(self.subscriptions[customer])
        return None if found.status in ENDED else found


def move_to(year: Year, customer: str, plan: str, **behavior: Any) -> None:
    """Change the plan, items matched by their ids, in one call that holds once it is paid.

    Not while collection is paused: then Stripe gives the invoice of the change up, and nobody paid for the new plan.
    """
    held = year.running(customer)
    if held is None or held.pause_collection is not None:
        return
    wanted = year.wares.items(plan, year.chance.randint(1, 9))
    base, *others = sorted(held.items.data, key=lambda item: item.price.id not in year.wares.ahead.values())
    items: list[dict[str, object]] = [{"id": base.id, **wanted[0]}, *wanted[1:]]
    items += [{"id": item.id, "deleted": True} for item in others]
    params = {"items": items, "proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    year.api.subscriptions.update(held.id, params=cast(Any, params | behavior))


def change_plan(year: Year, customer: str) -> None:
    move_to(year, customer, year.chance.choice(list(year.wares.ahead)))


def step_down_at_renewal(year: Year, customer: str) -> None:
    """A schedule: what is held until the period ends, the smallest plan from then on."""
    held = year.running(customer)
    if held is None or held.status != "active":
        return
    schedule = year.api.subscription_schedules.create(params={"from_subscription": held.id})
    now = schedule.phases[0]
    present = [
        {"price": str(item.price)} | ({} if getattr(item, "quantity", None) is None else {"quantity": item.quantity})
        for item in now.items
    ]
    following = {"items": year.wares.items("Small", 1), "duration": {"interval": "month", "interval_count": 1}}
    phases = [{"items": present, "start_date": now.start_date, "end_date": now.end_date}, following]
    year.api.subscription_schedules.update(
        schedule.id, params=cast(Any, {"phases": phases, "end_behavior": "release", "proration_behavior": "none"})
    )


def use_another_card(year: Year, customer: str) -> None:
    token = BAD if year.chance.random() < 0.6 else GOOD
    method = year.api.payment_methods.attach(token, params={"customer": customer}).id
    year.api.customers.update(customer, params={"invoice_settings": {"default_payment_method": method}})


def pay_what_is_open(year: Year, customer: str) -> None:
    method = year.api.payment_methods.attach(GOOD, params={"customer": customer}).id
    year.api.customers.update(customer, params={"invoice_settings": {"default_payment_method": method}})
    for invoice in year.api.invoices.list(params={"customer": customer, "status": "open"}).data:
        year.api.invoices.pay(str(invoice.id))


def leave_at_period_end(year: Year, customer: str) -> None:
    year.api.subscriptions.update(year.subscriptions[customer], params={"cancel_at": "min_period_end"})


def stay(year: Year, customer: str) -> None:
    year.api.subscriptions.update(year.subscriptions[customer], params={"cancel_at": ""})


def leave_now(year: Year, customer: str) -> None:
    year.api.subscriptions.cancel(year.subscriptions[customer], params={"invoice_now": True, "prorate": True})


def come_back(year: Year, customer: str) -> None:
    if year.running(customer) is None:
        pay_what_is_open(year, customer)
        year.subscribe(customer, year.chance.choice(list(year.wares.ahead)))


def send_messages(year: Year, customer: str) -> None:
    value = str(year.chance.randint(1, 5000))
    payload = {"stripe_customer_id": customer, "value": value}
    year.api.billing.meter_events.create(
        params={"event_name": year.wares.meter_event, "payload": payload, "timestamp": year.time}
    )


def get_credit_or_owe(year: Year, customer: str) -> None:
    year.api.customers.update(customer, params={"balance": year.chance.randint(-8000, 2000)})


def get_a_coupon(year: Year, customer: str) -> None:
    discounts = [{"coupon": year.chance.choice(year.coupons)}]
    year.api.subscriptions.update(year.subscriptions[customer], params=cast(Any, {"discounts": discounts}))


def be_taxed(year: Year, customer: str) -> None:
    year.api.customers.update(customer, params={"address": {"country": "IE"}})
    year.api.subscriptions.update(year.subscriptions[customer], params={"automatic_tax": {"enabled": True}})


def get_a_bill_for_something_else(year: Year, customer: str) -> None:
    """A one-off that is to be paid within twenty days and never is. It is none of the subscription's business."""
    bill = year.api.invoices.create(
        params={"customer": customer, "collection_method": "send_invoice", "days_until_due": 20}
    )
    year.api.invoice_items.create(
        params={"customer": customer, "invoice": str(bill.id), "amount": 50000, "currency": "usd"}
    )
    year.api.invoices.finalize_invoice(str(bill.id))


def pause_collection(year: Year, customer: str) -> None:
    pause_in_this_way(year, customer, year.chance.choice(PAUSES))


def pause_in_this_way(year: Year, customer: str, behavior: str) -> None:
    held = year.running(customer)
    if held is not None and held.status == "active":
        year.api.subscriptions.update(held.id, params=cast(Any, {"pause_collection": {"behavior": behavior}}))


def renews_next_month(year: Year, customer: str) -> bool:
    held = year.running(customer)
    if held is None or held.status != "active" or held.cancel_at is not None or held.pause_collection is not None:
        return False
    return year.wares.ahead["Yearly"] not in {item.price.id for item in held.items.data}


def leave_nothing_to_chance(year: Year) -> None:
    """Payments are paused in each way, and somebody gets a bill for something else."""
    paying = [customer for customer in year.subscriptions if renews_next_month(year, customer)]
    for customer, behavior in zip(paying, PAUSES, strict=False):
        pause_in_this_way(year, customer, behavior)
    get_a_bill_for_something_else(year, paying[-1])


def resume_collection(year: Year, customer: str) -> None:
    held = year.running(customer)
    if held is not None and held.pause_collection is not None:
        year.api.subscriptions.update(held.id, params={"pause_collection": ""})


def is_let_off(year: Year, customer: str) -> None:
    """The partner gives up the one renewal that failed, or voids it: the subscription is active again."""
    held = year.running(customer)
    if held is None or held.status not in FAILING:
        return
    invoices = year.api.invoices.list(params={"subscription": held.id, "limit": 100}).data
    owed = [one for one in invoices if one.status == "open"]
    if len(owed) == 1 and owed[0].id == held.latest_invoice and any(one.amount_paid for one in invoices):
        give_up = year.chance.choice((year.api.invoices.mark_uncollectible, year.api.invoices.void_invoice))
        give_up(str(owed[0].id))


DEEDS: list[Callable[[Year, str], None]] = [
    change_plan,
    change_plan,
    step_down_at_renewal,
    use_another_card,
    use_another_card,
    pay_what_is_open,
    leave_at_period_end,
    stay,
    leave_now,
    come_back,
    come_back,
    send_messages,
    get_credit_or_owe,
    get_a_coupon,
    be_taxed,
    get_a_bill_for_something_else,
    pause_collection,
    resume_collection,
    is_let_off,
    is_let_off,
]
