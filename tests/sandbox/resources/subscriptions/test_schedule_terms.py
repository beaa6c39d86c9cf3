"""The terms of a schedule's phases: a phase keeps what it names and forgets the rest."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import first_item, monthly_price, preview, subscribe
from tests.sandbox.clocks import HOUR, START, advance, customer_on, invoices_of, months_after, new_clock

RENEWAL = months_after(START, 1)


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


@pytest.fixture
def subscription(client: stripe.StripeClient, clock: str) -> stripe.Subscription:
    """Ten dollars a month, with everything that a subscription and its item can carry."""
    customer = customer_on(client, clock).id
    forever = client.v1.coupons.create(params={"percent_off": 50, "duration": "forever"}).id
    dollar = client.v1.coupons.create(params={"amount_off": 100, "currency": "usd", "duration": "forever"}).id
    price = monthly_price(client).id
    return subscribe(
        client,
        customer,
        price,
        items=[{"price": price, "discounts": [{"coupon": dollar}], "tax_rates": [rate(client, 20)]}],
        discounts=[{"coupon": forever}],
        default_tax_rates=[rate(client, 10)],
        collection_method="send_invoice",
        days_until_due=5,
        description="Ours",
        invoice_settings={"footer": "Thanks"},
        metadata={"crm": "7"},
    )


def rate(client: stripe.StripeClient, percentage: float, *, inclusive: bool = False) -> str:
    params: Any = {"display_name": "VAT", "percentage": percentage, "inclusive": inclusive}
    return client.v1.tax_rates.create(params=params).id


def plan(client: stripe.StripeClient, subscription: stripe.Subscription, price: str, **terms: Any) -> None:
    """The present items until the renewal, then another price; both phases with the same terms."""
    schedule = client.v1.subscription_schedules.create(params={"from_subscription": subscription.id})
    item = terms.pop("item", {})
    present = {"items": [{"price": first_item(subscription).price.id, **item}], "start_date": START, **terms}
    coming = {"items": [{"price": price, **item}], "duration": {"interval": "month"}, **terms}
    params: Any = {"phases": [{**present, "end_date": RENEWAL}, coming], "proration_behavior": "none"}
    client.v1.subscription_schedules.update(schedule.id, params=params)


def terms_of(subscription: stripe.Subscription) -> dict[str, Any]:
    """Every term that a phase can hold."""
    item = first_item(subscription)
    return {
        "collection_method": subscription.collection_method,
        "days_until_due": subscription.days_until_due,
        "default_tax_rates": [one.id for one in subscription.default_tax_rates or []],
        "description": subscription.description,
        "discounts": list(subscription.discounts),
        "footer": subscription.invoice_settings.footer,
        "item_discounts": list(item.discounts),
        "item_tax_rates": [one.id for one in item.tax_rates or []],
        "metadata": subscription.metadata.to_dict(),
    }


def test_an_items_discount_and_tax_rate_come_before_the_subscriptions(
    client: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    (invoice,) = invoices_of(client, subscription.id)
    assert (invoice.subtotal, invoice.total) == (1000, 450 + 90)
    assert first_item(subscription).tax_rates is not None


def test_a_phase_forgets_what_it_does_not_name(
    client: stripe.StripeClient, clock: str, subscription: stripe.Subscription
) -> None:
    plan(client, subscription, monthly_price(client, 2000).id)

    after = terms_of(client.v1.subscriptions.retrieve(subscription.id))
    assert after == {
        "collection_method": "charge_automatically",
        "days_until_due": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "footer": None,
        "item_discounts": [],
        "item_tax_rates": [],
        "metadata": {"crm": "7"},
    }
    advance(client, clock, RENEWAL + HOUR)
    assert invoices_of(client, subscription.id)[-1].total == 2000


def test_a_phase_keeps_what_it_names(
    client: stripe.StripeClient, clock: str, subscription: stripe.Subscription
) -> None:
    before = terms_of(subscription)
    plan(
        client,
        subscription,
        monthly_price(client, 2000).id,
        collection_method="send_invoice",
        default_tax_rates=before["default_tax_rates"],
        description="Ours",
        discounts=[{"discount": one} for one in before["discounts"]],
        invoice_settings={"days_until_due": 5, "footer": "Thanks"},
        item={
            "discounts": [{"discount": one} for one in before["item_discounts"]],
            "tax_rates": before["item_tax_rates"],
        },
    )

    assert terms_of(client.v1.subscriptions.retrieve(subscription.id)) == before
    coming = preview(client, subscription=subscription.id)
    advance(client, clock, RENEWAL + HOUR)
    assert terms_of(client.v1.subscriptions.retrieve(subscription.id)) == before
    invoice = invoices_of(client, subscription.id)[-1]
    assert invoice.total == coming.total == (2000 - 100) // 2 * 120 // 100
    assert invoice.total_discount_amounts is not None
    assert [one.amount for one in invoice.total_discount_amounts] == [100, 950]


def test_a_discount_that_ends_before_the_renewal_is_not_previewed(client: stripe.StripeClient, clock: str) -> None:
    coupon = client.v1.coupons.create(params={"percent_off": 50, "duration": "repeating", "duration_in_months": 1}).id
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, monthly_price(client).id, discounts=[{"coupon": coupon}])
    coming = preview(client, subscription=subscription.id)
    advance(client, clock, RENEWAL + HOUR)
    assert [one.total for one in invoices_of(client, subscription.id)] == [500, 1000]
    assert coming.total == 1000


def test_inclusive_rates_are_within_the_price(client: stripe.StripeClient) -> None:
    price, customer = monthly_price(client, 12000).id, client.v1.customers.create(params={"email": "a@b.example"}).id
    rates = [rate(client, 15, inclusive=True), rate(client, 5, inclusive=True), rate(client, 10)]
    shown = preview(client, customer=customer, subscription_details={"items": [{"price": price, "tax_rates": rates}]})
    assert shown.total_taxes is not None
    assert [one.amount for one in shown.total_taxes] == [1500, 500, 1000]
    assert (shown.subtotal, shown.total) == (12000, 13000)


@pytest.mark.parametrize(
    ("terms", "param"),
    [
        ({"discounts": [{"discount": "di_unknown"}]}, "phases[0][discounts][0][discount]"),
        ({"default_tax_rates": ["txr_unknown"]}, "phases[0][default_tax_rates]"),
        ({"collection_method": "send_invoice"}, "phases[0][invoice_settings][days_until_due]"),
        ({"item": {"tax_rates": ["txr_unknown"]}}, "phases[0][items][0][tax_rates]"),
    ],
)
def test_unknown_terms_are_refused(
    client: stripe.StripeClient, subscription: stripe.Subscription, terms: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        plan(client, subscription, monthly_price(client, 2000).id, **terms)
    assert refused.value.param == param
