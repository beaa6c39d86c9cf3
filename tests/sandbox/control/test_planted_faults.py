"""Faults that are planted at Stripe: each does what it says, says nothing, and is taken away again."""

import json
import urllib.error
from typing import Any

import pytest
import stripe

from tests.sandbox.build import change, event_types, first_item, latest_invoice, monthly_price, preview, subscribe
from tests.sandbox.clocks import (
    DAY,
    HOUR,
    START,
    advance,
    customer_on,
    months_after,
    new_card,
    new_clock,
    renewed_at,
)
from tests.support.stripe.receiver import Receiver
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

TIERS = [
    {"up_to": 10, "unit_amount": 100, "flat_amount": 500},
    {"up_to": "inf", "unit_amount": 50},
]
RENEWED = months_after(START, 1) + 2 * HOUR


class Faulty:
    """A sandbox whose Stripe can be made faulty, and a customer on a clock there."""

    def __init__(self, sandbox: Sandbox, account: SandboxAccount) -> None:
        self.sandbox, self.place = sandbox, {"account": account.id, "mode": "test"}
        self.client = sandbox.client(account.test_key)
        self.clock = new_clock(self.client)
        self.customer = customer_on(self.client, self.clock).id

    def plant(self, fault: str, **given: Any) -> Any:
        return self.sandbox.control("plant", **self.place, fault=fault, **given)

    def clear(self) -> None:
        self.sandbox.control("plant/clear", **self.place)

    def subscribe(self, price: str, **given: Any) -> stripe.Subscription:
        return subscribe(self.client, self.customer, price, **given)

    def renewed(self, subscription: stripe.Subscription) -> stripe.Invoice:
        """The invoice of the next month, final."""
        advance(self.client, self.clock, RENEWED)
        return latest_invoice(self.client, subscription)

    def metered(self, amount: int = 20) -> stripe.Price:
        """A monthly price of a meter that sums."""
        known = self.client.v1.billing.meters.list().data
        meter = known[0].id if known else self.new_meter()
        recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
        return monthly_price(self.client, amount, recurring=recurring)

    def new_meter(self) -> str:
        formula: Any = {"formula": "sum"}
        params: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": formula}
        return str(self.client.v1.billing.meters.create(params=params).id)

    def use(self, value: int) -> None:
        payload = {"stripe_customer_id": self.customer, "value": str(value)}
        self.client.v1.billing.meter_events.create(params={"event_name": "calls", "payload": payload})


@pytest.fixture
def faulty(sandbox: Sandbox, account: SandboxAccount) -> Faulty:
    return Faulty(sandbox, account)


def tiered(client: stripe.StripeClient) -> stripe.Price:
    recurring = {"interval": "month"}
    params: Any = {
        "currency": "usd",
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers": TIERS,
        "product_data": {"name": "Plan"},
        "recurring": recurring,
    }
    return client.v1.prices.create(params=params)


@pytest.mark.parametrize(
    ("fault", "quantity", "right", "wrong"),
    [
        ("tier_mode_swapped", 11, 500 + 1000 + 50, 11 * 50),
        ("tier_end_moved", 11, 500 + 1000 + 50, 500 + 1100),
        ("unit_amount_moved", 10, 500 + 1000, 500 + 1010),
        ("flat_fee_missing", 10, 500 + 1000, 1000),
    ],
)
def test_a_tiered_price_is_billed_with_another_term(
    faulty: Faulty, fault: str, quantity: int, right: int, wrong: int
) -> None:
    price = tiered(faulty.client).id
    items = [{"price": price, "quantity": quantity}]
    before = event_types(faulty.client)
    faulty.plant(fault, price=price)
    assert event_types(faulty.client) == before
    subscription = faulty.subscribe(price, items=items)
    assert latest_invoice(faulty.client, subscription).total == wrong
    faulty.clear()
    assert faulty.renewed(subscription).total == right


def test_the_unit_amount_is_off_by_a_minor_unit_in_every_currency(faulty: Faulty) -> None:
    price = monthly_price(faulty.client, 1000, currency_options={"jpy": {"unit_amount": 900}}).id
    faulty.plant("unit_amount_moved", price=price)
    seen = faulty.client.v1.prices.retrieve(price, params={"expand": ["currency_options"]})
    assert seen.unit_amount == 1001
    assert seen.currency_options is not None
    assert seen.currency_options["jpy"].unit_amount == 901


def test_packages_are_rounded_the_other_way(faulty: Faulty) -> None:
    price = monthly_price(faulty.client, 700, transform_quantity={"divide_by": 10, "round": "up"}).id
    faulty.plant("package_rounding_swapped", price=price)
    subscription = faulty.subscribe(price, items=[{"price": price, "quantity": 11}])
    assert latest_invoice(faulty.client, subscription).total == 700


def test_currencies_have_the_amounts_of_each_other(faulty: Faulty) -> None:
    both = monthly_price(faulty.client, 1000, currency_options={"eur": {"unit_amount": 900}}).id
    faulty.plant("currency_swapped", price=both)
    invoice = latest_invoice(faulty.client, faulty.subscribe(both, currency="usd"))
    assert (invoice.total, invoice.currency) == (900, "usd")
    single = monthly_price(faulty.client, 1000).id
    faulty.plant("currency_swapped", price=single)
    with pytest.raises(stripe.InvalidRequestError, match="only supports `eur`"):
        faulty.subscribe(single, currency="usd")


def test_a_monthly_price_is_yearly(faulty: Faulty) -> None:
    price = monthly_price(faulty.client).id
    faulty.plant("interval_swapped", price=price)
    assert renewed_at(faulty.subscribe(price)) == months_after(START, 12)


def test_an_inactive_meter_takes_no_events(faulty: Faulty) -> None:
    price = faulty.metered().id
    faulty.subscribe(price)
    faulty.plant("meter_inactive", price=price)
    with pytest.raises(stripe.InvalidRequestError, match="No active meter"):
        faulty.use(5)
    faulty.clear()
    faulty.use(5)


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [("meter_takes_last", 3), ("value_key_wrong", 0), ("meter_event_lost", 3), ("meter_event_doubled", 13)],
)
def test_use_is_counted_wrongly(faulty: Faulty, fault: str, wrong: int) -> None:
    price = faulty.metered(20).id
    subscription = faulty.subscribe(price)
    faulty.plant(fault, price=price)
    faulty.use(5)
    faulty.use(3)
    assert faulty.renewed(subscription).total == 20 * wrong


def test_use_before_a_change_has_the_price_after_it(faulty: Faulty) -> None:
    subscription = faulty.subscribe(faulty.metered(20).id)
    faulty.use(5)
    faulty.plant("use_at_new_price")
    items = [{"id": first_item(subscription).id, "price": faulty.metered(30).id}]
    change(faulty.client, subscription, items=items, proration_behavior="always_invoice")
    assert latest_invoice(faulty.client, subscription).total == 150


def test_a_trial_is_ignored(faulty: Faulty) -> None:
    faulty.plant("trial_ignored")
    subscription = faulty.subscribe(monthly_price(faulty.client, 1000).id, trial_period_days=14)
    assert (subscription.status, subscription.trial_end) == ("active", None)
    assert latest_invoice(faulty.client, subscription).amount_paid == 1000


def test_a_trial_without_a_card_is_billed_in_spite_of_its_rule(faulty: Faulty) -> None:
    customer = customer_on(faulty.client, faulty.clock, card=None).id
    settings = {"end_behavior": {"missing_payment_method": "cancel"}}
    given = {"trial_period_days": 5, "trial_settings": settings}
    subscription = subscribe(faulty.client, customer, monthly_price(faulty.client).id, **given)
    faulty.plant("trial_card_rule_ignored")
    advance(faulty.client, faulty.clock, START + 5 * DAY + 2 * HOUR)
    assert faulty.client.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_tax_is_added_that_the_preview_does_not_know(faulty: Faulty) -> None:
    price = monthly_price(faulty.client, 1000).id
    faulty.plant("tax_added")
    given = {"customer": faulty.customer, "subscription_details": {"items": [{"price": price}]}}
    assert preview(faulty.client, **given).total == 1000
    invoice = latest_invoice(faulty.client, faulty.subscribe(price))
    assert (invoice.subtotal, invoice.total, invoice.amount_paid) == (1000, 1100, 1100)


def test_a_renewal_forgets_the_coupon(faulty: Faulty) -> None:
    coupon = faulty.client.v1.coupons.create(params={"percent_off": 50, "duration": "forever"}).id
    subscription = faulty.subscribe(monthly_price(faulty.client, 1000).id, discounts=[{"coupon": coupon}])
    faulty.plant("coupon_forgotten")
    assert latest_invoice(faulty.client, subscription).total == 500
    assert faulty.renewed(subscription).total == 1000
    assert faulty.client.v1.subscriptions.retrieve(subscription.id).discounts


def test_a_change_prorates_nothing(faulty: Faulty) -> None:
    subscription = faulty.subscribe(monthly_price(faulty.client, 1000).id)
    faulty.plant("proration_off")
    items = [{"id": first_item(subscription).id, "price": monthly_price(faulty.client, 3000).id}]
    change(faulty.client, subscription, items=items, proration_behavior="always_invoice")
    assert latest_invoice(faulty.client, subscription).total == 1000


def test_a_phase_begins_before_its_time(faulty: Faulty) -> None:
    dear, cheap = monthly_price(faulty.client, 3000).id, monthly_price(faulty.client, 1000).id
    subscription = faulty.subscribe(dear)
    schedules = faulty.client.v1.subscription_schedules
    schedule = schedules.create(params={"from_subscription": subscription.id})
    now = schedule.phases[0]
    faulty.plant("downgrade_at_once")
    phases: Any = [
        {"items": [{"price": dear}], "start_date": now.start_date, "end_date": now.end_date},
        {"items": [{"price": cheap}], "duration": {"interval": "month"}, "proration_behavior": "none"},
    ]
    schedules.update(schedule.id, params={"phases": phases})
    changed = faulty.client.v1.subscriptions.retrieve(subscription.id)
    assert first_item(changed).price.id == cheap
    assert faulty.renewed(subscription).total == 1000


def test_a_repaired_card_leaves_the_subscription_past_due(faulty: Faulty) -> None:
    subscription = faulty.subscribe(monthly_price(faulty.client, 1000).id)
    new_card(faulty.client, faulty.customer, "pm_card_chargeCustomerFail")
    invoice = faulty.renewed(subscription)
    assert invoice.status == "open"
    faulty.plant("repair_unnoticed")
    new_card(faulty.client, faulty.customer, "pm_card_visa")
    assert faulty.client.v1.invoices.pay(str(invoice.id)).status == "paid"
    assert faulty.client.v1.subscriptions.retrieve(subscription.id).status == "past_due"


@pytest.mark.parametrize("how", ["at the end", "at once"])
def test_a_canceled_subscription_goes_on(faulty: Faulty, how: str) -> None:
    subscription = faulty.subscribe(monthly_price(faulty.client, 1000).id)
    faulty.plant("cancel_ignored")
    if how == "at once":
        faulty.client.v1.subscriptions.cancel(subscription.id)
    else:
        change(faulty.client, subscription, cancel_at_period_end=True)
    renewal = faulty.renewed(subscription)
    assert (renewal.billing_reason, renewal.status) == ("subscription_cycle", "paid")
    assert faulty.client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_one_event_of_a_type_is_not_delivered(faulty: Faulty, receiver: Receiver) -> None:
    wanted: Any = ["product.created", "product.updated"]
    faulty.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": wanted})
    faulty.plant("webhook_dropped", type="product.updated")
    product = faulty.client.v1.products.create(params={"name": "0"}).id
    for name in ("1", "2"):
        faulty.client.v1.products.update(product, params={"name": name})
    faulty.sandbox.wait_for_deliveries()
    assert len(receiver.received) == 2
    assert event_types(faulty.client).count("product.updated") == 2


def test_a_second_endpoint_of_the_same_address_gets_everything_too(faulty: Faulty, receiver: Receiver) -> None:
    faulty.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["product.created"]})
    (second,) = faulty.plant("webhook_doubled")["endpoints"]
    assert second in [one.id for one in faulty.client.v1.webhook_endpoints.list()]
    faulty.client.v1.products.create(params={"name": "x"})
    faulty.sandbox.wait_for_deliveries()
    assert len({json.loads(body)["id"] for body, _ in receiver.received}) == 1
    assert len({signature for _, signature in receiver.received}) == 2
    faulty.clear()
    faulty.client.v1.products.create(params={"name": "y"})
    faulty.sandbox.wait_for_deliveries()
    assert len(receiver.received) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"fault": "gremlins"},
        {"fault": "tier_mode_swapped", "price": "price_none"},
        {"fault": "flat_fee_missing"},
        {"fault": "meter_takes_last"},
    ],
)
def test_a_fault_that_fits_nothing_is_refused(faulty: Faulty, given: dict[str, str]) -> None:
    price = monthly_price(faulty.client).id
    with pytest.raises(urllib.error.HTTPError):
        faulty.plant(**{"price": price, **given})
    assert faulty.client.v1.prices.retrieve(price).unit_amount == 1000
