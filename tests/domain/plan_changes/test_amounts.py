"""The amounts of a change add up to what is charged, with every kind of tax, coupon and balance."""

from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.plan_changes.previews import Charge, Line, charge_of
from billingportal.domain.plans.price_links import Link
from billingportal.models.auth.staff import Staff
from billingportal.money import Money
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.invoice_previews import invoice_preview
from tests.support.catalog.catalog import Catalog
from tests.support.people.clients import Subscribed, plan_of, subscribed_client
from tests.support.people.plan_changes import confirm, look
from tests.support.stripe.worlds import World

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class TaxedStore:
    """A partner with plans whose prices include tax, add tax, or do not say. The tax is 19 percent."""

    world: World
    sdk: stripe.StripeClient
    plans: dict[str, int]

    def subscribe(self, plan: str, **given: Any) -> Subscribed:
        """A client in Ireland whose subscription is taxed, with `given` for the customer."""
        client = subscribed_client(self.world.app, self.sdk, self.plans[plan])
        params: Any = {"address": {"country": "IE"}, **given}
        self.sdk.v1.customers.update(client.customer, params=params)
        self.update(client, automatic_tax={"enabled": True})
        return client

    def update(self, client: Subscribed, **given: Any) -> None:
        self.sdk.v1.subscriptions.update(client.subscription, params=given)  # type: ignore[arg-type]

    def coupon(self, percent: int) -> str:
        return self.sdk.v1.coupons.create(params={"percent_off": percent, "duration": "forever"}).id


@pytest.fixture
def store(world: World, owner: Staff) -> TaxedStore:
    world.connect()
    world.work()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    world.sandbox.control("tax", account=world.stripe_account.id, mode="test", percent="19", active=True)
    goods = Catalog(sdk)
    kinds = [("inclusive", 1900), ("exclusive", 2900), ("unspecified", 4900), ("included_more", 5900)]
    plans = {}
    for kind, amount in kinds:
        behavior = "inclusive" if kind == "included_more" else kind
        price = goods.price(unit_amount=amount, tax_behavior=behavior, product=goods.product(kind))
        plans[kind] = plan_of(owner.id, world.app, [Link(price, "flat")], kind)
    return TaxedStore(world, sdk, plans)


def assert_adds_up(charge: Charge) -> None:
    """Every row of the page, from the first line to the amount due."""
    lines = sum(line.amount.minor for line in charge.lines)
    assert lines + charge.discount.minor + charge.grants.minor + charge.tax.minor == charge.total.minor
    kept = charge.credit.minor if charge.credit else 0
    assert charge.total.minor + charge.balance.minor + kept + charge.carried.minor == charge.due.minor
    assert not [line for line in charge.lines if line.words == "Further lines"]


@ONE_DATABASE
@pytest.mark.parametrize(
    ("before", "afterwards", "balance"),
    [
        ("inclusive", "included_more", -700),
        ("inclusive", "exclusive", 300),
        ("exclusive", "included_more", -100_000),
        ("exclusive", "unspecified", 0),
    ],
)
def test_tax_of_every_kind_adds_up_to_what_is_charged(
    store: TaxedStore, before: str, afterwards: str, balance: int
) -> None:
    client = store.subscribe(before, balance=balance)

    shown = look(client.client_id, store.plans[afterwards])

    assert shown.charge is not None
    assert_adds_up(shown.charge)
    assert bool(shown.charge.included_tax.minor) == ("inclu" in before + afterwards)
    confirm(client.client_id, shown)
    invoice = store.sdk.v1.invoices.list(params={"customer": client.customer}).data[0]
    assert shown.charge.due.minor == invoice.amount_due == invoice.amount_paid
    taxes = invoice.total_taxes or []
    assert shown.charge.tax.minor == sum(tax.amount for tax in taxes if tax.tax_behavior == "exclusive")
    assert shown.charge.included_tax.minor == sum(tax.amount for tax in taxes if tax.tax_behavior == "inclusive")


@ONE_DATABASE
def test_the_lines_of_a_coupon_of_100_percent_keep_their_words(store: TaxedStore) -> None:
    """Unused time that was free is credited with 0.00, and is still unused time. So it is at the next change."""
    client = store.subscribe("inclusive")
    store.update(client, discounts=[{"coupon": store.coupon(100)}], billing_cycle_anchor={"type": "now"})

    shown = look(client.client_id, store.plans["exclusive"])

    assert shown.charge is not None
    assert {line.amount.minor for line in shown.charge.lines} == {0}
    assert [line.words.partition(", from ")[0] for line in shown.charge.lines] == [
        "Unused time of inclusive",
        "exclusive",
    ]
    confirm(client.client_id, shown)

    again = look(client.client_id, store.plans["unspecified"])
    assert again.charge is not None
    assert_adds_up(again.charge)
    assert [line.words.partition(", from ")[0] for line in again.charge.lines] == [
        "Unused time of exclusive",
        "unspecified",
    ]


AMOUNTS = st.integers(-100_000, 100_000)


@given(
    lines=st.lists(AMOUNTS, max_size=5),
    left_out=AMOUNTS,
    discounts=st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=3),
    taxes=st.lists(st.tuples(st.integers(-5_000, 20_000), st.sampled_from(["inclusive", "exclusive"])), max_size=4),
    grant=st.integers(0, 20_000),
    balance=AMOUNTS,
)
def test_every_invoice_adds_up(
    lines: list[int],
    left_out: int,
    discounts: list[tuple[int, bool]],
    taxes: list[tuple[int, str]],
    grant: int,
    balance: int,
) -> None:
    """Whatever Stripe counts into its subtotal: discounts of items are in it, those of the invoice are not."""
    off = sum(amount for amount, _ in discounts)
    added = sum(amount for amount, behavior in taxes if behavior == "exclusive")
    total = sum(lines) + left_out - off - grant + added
    of_discounts: list[Json] = [
        {"amount": amount, "discount": f"di_{place}"} for place, (amount, _) in enumerate(discounts)
    ]
    credits: list[Json] = [{"amount": amount, "type": "discount"} for amount, _ in discounts]
    credits.append({"amount": grant, "type": "credit_balance_transaction"})
    source: JsonObject = {
        "currency": "eur",
        "subtotal": sum(lines) + left_out - sum(amount for amount, is_of_item in discounts if is_of_item),
        "total_discount_amounts": of_discounts,
        "total_pretax_credit_amounts": credits,
        "total_taxes": [{"amount": amount, "tax_behavior": behavior} for amount, behavior in taxes],
        "total": total,
        "starting_balance": balance,
        "amount_due": max(total + balance, 0),
        "lines": {"data": []},
    }

    charge = charge_of(invoice_preview(source), [Line("Growth", Money(amount, "eur")) for amount in lines])

    rows = sum(line.amount.minor for line in charge.lines)
    assert rows == sum(lines) + left_out
    assert rows + charge.discount.minor + charge.grants.minor + charge.tax.minor == total
    kept = charge.credit.minor if charge.credit else 0
    assert total + charge.balance.minor + kept == charge.due.minor == max(total + balance, 0)
    assert charge.included_tax.minor == sum(amount for amount, behavior in taxes if behavior == "inclusive")
    assert charge.carried.minor == 0
    assert kept == 0 or charge.due.minor == 0
