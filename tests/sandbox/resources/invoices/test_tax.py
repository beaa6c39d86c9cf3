"""Tax as a switch: what it adds to subscriptions, previews and checkouts, and what it needs."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.build import change, event_types, latest_invoice, monthly_price, paying_customer, preview, subscribe
from tests.sandbox.checkout.build import complete, customer, open_session
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

TAXED: dict[str, Any] = {"automatic_tax": {"enabled": True}}
IRELAND: Any = {"country": "IE"}


def set_tax(sandbox: Sandbox, account: SandboxAccount, percent: str, *, active: bool = True) -> None:
    sandbox.control("tax", account=account.id, mode="test", percent=percent, active=active)


def located(client: stripe.StripeClient, **more: Any) -> stripe.Customer:
    buyer = paying_customer(client)
    params: Any = {"address": IRELAND, **more}
    return client.v1.customers.update(buyer.id, params=params)


@pytest.fixture
def vat(sandbox: Sandbox, account: SandboxAccount) -> None:
    """A tax of 23 percent."""
    set_tax(sandbox, account, "23")


@pytest.mark.usefixtures("vat")
@pytest.mark.parametrize(
    ("behavior", "total", "before_tax", "tax"),
    [("exclusive", 1230, 1000, 230), ("unspecified", 1230, 1000, 230), ("inclusive", 1000, 813, 187)],
)
def test_tax_is_on_top_or_within(
    client: stripe.StripeClient, behavior: str, total: int, before_tax: int, tax: int
) -> None:
    price = monthly_price(client, tax_behavior=behavior)
    buyer = located(client)
    details: Any = {"items": [{"price": price.id}]}
    shown = preview(client, customer=buyer.id, subscription_details=details, **TAXED)
    invoice = latest_invoice(client, subscribe(client, buyer.id, price.id, **TAXED))
    for found in (shown, invoice):
        assert (found.total, found.total_excluding_tax, found.automatic_tax.status) == (total, before_tax, "complete")
        assert found.total_taxes is not None
        assert [(one.amount, one.taxability_reason) for one in found.total_taxes] == [(tax, "standard_rated")]


@pytest.mark.usefixtures("vat")
def test_tax_comes_after_discounts_and_goes_with_the_switch(client: stripe.StripeClient) -> None:
    coupon: Any = {"percent_off": 50, "duration": "forever"}
    discounts = [{"coupon": client.v1.coupons.create(params=coupon).id}]
    subscription = subscribe(client, located(client).id, monthly_price(client).id, discounts=discounts, **TAXED)
    assert latest_invoice(client, subscription).total == 615
    off: Any = {"automatic_tax": {"enabled": False}, "billing_cycle_anchor": {"type": "now"}}
    assert latest_invoice(client, change(client, subscription, proration_behavior="none", **off)).total == 500


@pytest.mark.parametrize(
    ("exempt", "reason"), [("exempt", "customer_exempt"), ("reverse", "reverse_charge"), ("none", "not_collecting")]
)
def test_who_is_not_taxed(client: stripe.StripeClient, exempt: Any, reason: str) -> None:
    buyer = located(client, tax_exempt=exempt)
    invoice = latest_invoice(client, subscribe(client, buyer.id, monthly_price(client).id, **TAXED))
    assert invoice.total_taxes is not None
    assert [(one.amount, one.taxability_reason) for one in invoice.total_taxes] == [(0, reason)]


@pytest.mark.usefixtures("vat")
def test_a_place_is_needed(client: stripe.StripeClient) -> None:
    nowhere, price = paying_customer(client).id, monthly_price(client).id
    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, nowhere, price, **TAXED)
    assert refused.value.code == "customer_tax_location_invalid"
    details: Any = {"items": [{"price": price}]}
    shown = preview(client, customer=nowhere, subscription_details=details, **TAXED)
    assert (shown.automatic_tax.status, shown.total) == ("requires_location_inputs", 1000)


def test_an_account_without_tax_is_told(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    assert client.v1.tax.settings.retrieve().status == "active"
    set_tax(sandbox, account, "0", active=False)
    assert client.v1.tax.settings.retrieve().status == "pending"
    assert event_types(client)[-1] == "tax.settings.updated"
    buyer, price = located(client).id, monthly_price(client).id
    for ask in (
        lambda: subscribe(client, buyer, price, **TAXED),
        lambda: open_session(client, price, customer=buyer, **TAXED),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            ask()
        assert refused.value.code == "stripe_tax_inactive"


@pytest.mark.usefixtures("vat")
def test_checkout_computes_tax_for_the_address_that_is_typed(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    session = open_session(
        client,
        monthly_price(client).id,
        customer=customer(client).id,
        customer_update={"address": "auto"},
        **TAXED,
    )
    assert (session.automatic_tax.status, session.amount_total) == ("requires_location_inputs", 1000)
    told = complete(sandbox, account, session, country="IE")
    assert told["payment_status"] == "paid"
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.total_details is not None
    assert (done.amount_total, done.total_details.amount_tax, done.automatic_tax.status) == (1230, 230, "complete")
    assert client.v1.invoices.retrieve(str(done.invoice)).amount_paid == 1230


PERCENTS = st.decimals("0.01", "99.99", places=2).map(str)
COUPONS = st.one_of(
    st.builds(lambda percent: {"percent_off": percent}, PERCENTS),
    st.builds(lambda minor: {"amount_off": minor, "currency": "usd"}, st.integers(1, 100_000)),
)
AMOUNTS = st.lists(st.tuples(st.integers(0, 99_999), st.integers(1, 50), st.booleans()), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Sandbox]:
    """One sandbox for all examples."""
    with Sandbox.start() as running:
        yield running


@settings(max_examples=20, deadline=None)
@given(rate=PERCENTS, coupons=st.lists(COUPONS, max_size=3), lines=AMOUNTS)
def test_lines_less_discounts_plus_tax_are_the_total(
    shared_sandbox: Sandbox, rate: str, coupons: list[dict[str, Any]], lines: list[tuple[int, int, bool]]
) -> None:
    account = shared_sandbox.account()
    client = shared_sandbox.client(account.test_key)
    set_tax(shared_sandbox, account, rate)
    terms: list[Any] = [{"duration": "forever", **one} for one in coupons]
    made = [client.v1.coupons.create(params=one).id for one in terms]
    items: Any = [
        {
            "price": monthly_price(client, amount, tax_behavior="inclusive" if included else "exclusive").id,
            "quantity": quantity,
        }
        for amount, quantity, included in lines
    ]
    discounts: Any = [{"coupon": one} for one in made]
    more = {"items": items, **TAXED, **({"discounts": discounts} if discounts else {})}
    invoice = latest_invoice(client, subscribe(client, located(client).id, "", **more))
    off = sum(one.amount for one in invoice.total_discount_amounts or [])
    added = sum(one.amount for one in invoice.total_taxes or [] if one.tax_behavior == "exclusive")
    assert sum(line.amount for line in invoice.lines.data) - off + added == invoice.total >= 0
    for line in invoice.lines.data:
        taken = sum(one.amount for one in line.discount_amounts or [])
        assert 0 <= taken <= line.amount
    taxes = itertools.chain.from_iterable(line.taxes or [] for line in invoice.lines.data)
    assert sum(tax.amount for tax in taxes) == sum(one.amount for one in invoice.total_taxes or [])


@pytest.mark.usefixtures("vat")
def test_each_currency_of_a_price_has_its_own_tax_behavior(client: stripe.StripeClient) -> None:
    options = {"eur": {"unit_amount": 2000, "tax_behavior": "inclusive"}}
    price = monthly_price(client, tax_behavior="exclusive", currency_options=options)
    totals = [
        latest_invoice(client, subscribe(client, located(client).id, price.id, currency=currency, **TAXED)).total
        for currency in ("usd", "eur")
    ]
    assert totals == [1230, 2000]
