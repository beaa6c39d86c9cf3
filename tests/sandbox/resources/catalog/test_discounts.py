"""Coupons, promotion codes, and what they take off subscriptions, invoices, previews and checkouts."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    event_types,
    first_item,
    latest_invoice,
    monthly_price,
    paying_customer,
    preview,
    subscribe,
)
from tests.sandbox.checkout.build import complete, customer, open_session
from tests.sandbox.surfing import fetch
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def coupon(client: stripe.StripeClient, **terms: Any) -> str:
    params: Any = {"percent_off": 20, "duration": "forever", **terms}
    given: Any = {name: value for name, value in params.items() if value}
    return client.v1.coupons.create(params=given).id


def code_for(client: stripe.StripeClient, coupon: str, **terms: Any) -> stripe.PromotionCode:
    params: Any = {"promotion": {"type": "coupon", "coupon": coupon}, "code": "SPRING", **terms}
    return client.v1.promotion_codes.create(params=params)


def subscribed(client: stripe.StripeClient, **more: Any) -> stripe.Subscription:
    return subscribe(client, paying_customer(client).id, monthly_price(client).id, **more)


def restarted(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    """The invoice of a cycle that begins anew."""
    return latest_invoice(
        client, change(client, subscription, billing_cycle_anchor={"type": "now"}, proration_behavior="none")
    )


def test_a_percentage_is_taken_off_line_and_invoice(client: stripe.StripeClient) -> None:
    subscription = subscribed(client, discounts=[{"coupon": coupon(client)}])
    invoice = latest_invoice(client, subscription)
    assert (invoice.subtotal, invoice.total, invoice.amount_paid) == (1000, 800, 800)
    (line,) = invoice.lines.data
    (own,) = subscription.discounts
    assert invoice.total_discount_amounts is not None
    assert line.discount_amounts is not None
    assert [(one.amount, one.discount) for one in invoice.total_discount_amounts] == [(200, own)]
    assert [(one.amount, one.discount) for one in line.discount_amounts] == [(200, own)]
    expand: Any = {"expand": ["discounts.source.coupon"]}
    shown: Any = client.v1.subscriptions.retrieve(subscription.id, params=expand).discounts[0]
    assert (shown.id, shown.source.coupon.percent_off, shown.subscription) == (own, 20.0, subscription.id)
    assert "customer.discount.created" in event_types(client)


@pytest.mark.parametrize(
    ("terms", "totals"),
    [
        ({"duration": "once"}, [800, 1000]),
        ({"duration": "forever"}, [800, 800]),
        ({"duration": "repeating", "duration_in_months": 3}, [800, 800]),
        ({"percent_off": None, "amount_off": 300, "currency": "usd"}, [700, 700]),
        ({"percent_off": None, "amount_off": 3000, "currency": "usd", "duration": "once"}, [0, 1000]),
    ],
)
def test_how_long_it_lasts(client: stripe.StripeClient, terms: dict[str, Any], totals: list[int]) -> None:
    subscription = subscribed(client, discounts=[{"coupon": coupon(client, **terms)}])
    assert [latest_invoice(client, subscription).total, restarted(client, subscription).total] == totals
    assert len(client.v1.subscriptions.retrieve(subscription.id).discounts) == (totals[1] != 1000)


def test_a_trial_does_not_use_up_what_counts_once(client: stripe.StripeClient) -> None:
    subscription = subscribed(client, discounts=[{"coupon": coupon(client, duration="once")}], trial_period_days=5)
    ended = change(client, subscription, trial_end="now")
    assert latest_invoice(client, ended).total == 800


def test_nothing_to_pay_needs_no_card(client: stripe.StripeClient) -> None:
    free = {"discounts": [{"coupon": coupon(client, percent_off=100)}]}
    subscription = subscribe(client, customer(client).id, monthly_price(client).id, **free)
    assert (subscription.status, latest_invoice(client, subscription).total) == ("active", 0)


def test_discounts_are_replaced_kept_and_cleared(client: stripe.StripeClient) -> None:
    subscription = subscribed(client, discounts=[{"coupon": coupon(client)}])
    (own,) = subscription.discounts
    both = change(client, subscription, discounts=[{"discount": str(own)}, {"coupon": coupon(client, percent_off=50)}])
    assert both.discounts[0] == own
    assert restarted(client, subscription).total == 400
    assert client.v1.subscriptions.delete_discount(subscription.id).deleted is True
    assert change(client, subscription, discounts="").discounts == []
    assert event_types(client).count("customer.discount.deleted") == 2
    assert restarted(client, subscription).total == 1000


def test_previews_show_what_is_then_invoiced(client: stripe.StripeClient) -> None:
    subscription = subscribed(client, discounts=[{"coupon": coupon(client)}])
    more: Any = {"items": [{"id": first_item(subscription).id, "quantity": 3}], "proration_behavior": "always_invoice"}
    shown = preview(client, subscription=subscription.id, subscription_details=more)
    assert latest_invoice(client, change(client, subscription, **more)).total == shown.total == 1600
    new: Any = {"items": [{"price": monthly_price(client).id}]}
    buyer = paying_customer(client).id
    discounts = [{"coupon": coupon(client, percent_off=None, amount_off=1, currency="usd")}]
    assert preview(client, customer=buyer, subscription_details=new, discounts=discounts).total == 999
    assert preview(client, subscription=subscription.id, discounts="").total == 3000
    assert [one.times_redeemed for one in client.v1.coupons.list().data] == [0, 1]


def test_only_what_was_paid_is_given_back(client: stripe.StripeClient) -> None:
    subscription = subscribed(client, discounts=[{"coupon": coupon(client, duration="once")}])
    details: Any = {
        "items": [{"id": first_item(subscription).id, "quantity": 0}],
        "proration_behavior": "always_invoice",
    }
    credit = preview(client, subscription=subscription.id, subscription_details=details).lines.data[0]
    assert credit.amount == -800


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"percent_off": None}, "exactly one of"),
        ({"amount_off": 5, "currency": "usd"}, "exactly one of"),
        ({"percent_off": None, "amount_off": 5}, "must pass `currency`"),
        ({"percent_off": 101}, "percent_off"),
        ({"duration": "repeating"}, "duration_in_months"),
        ({"redeem_by": 5}, "redeem_by"),
        ({"applies_to": {"products": ["prod_1"]}}, "No such product"),
        ({"id": "a b"}, "letters"),
    ],
)
def test_what_makes_no_coupon(client: stripe.StripeClient, terms: dict[str, Any], words: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words):
        coupon(client, **terms)


def test_coupons_change_in_name_only_and_stay_with_those_who_have_them(client: stripe.StripeClient) -> None:
    identifier = coupon(client, id="WELCOME", currency_options=None)
    assert client.v1.coupons.update(identifier, params={"name": "Hello"}).name == "Hello"
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        coupon(client, id="WELCOME")
    subscription = subscribed(client, discounts=[{"coupon": identifier}])
    client.v1.coupons.delete(identifier)
    assert restarted(client, subscription).total == 800
    with pytest.raises(stripe.InvalidRequestError, match="No such coupon"):
        subscribed(client, discounts=[{"coupon": identifier}])


def test_a_coupon_is_redeemed_so_often_and_no_more(client: stripe.StripeClient) -> None:
    identifier = coupon(client, max_redemptions=1)
    subscribed(client, discounts=[{"coupon": identifier}])
    spent = client.v1.coupons.retrieve(identifier)
    assert (spent.times_redeemed, spent.valid) == (1, False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribed(client, discounts=[{"coupon": identifier}])
    assert refused.value.code == "coupon_expired"


def test_codes_are_found_by_any_case_and_are_unique_while_active(client: stripe.StripeClient) -> None:
    code = code_for(client, coupon(client))
    assert [one.id for one in client.v1.promotion_codes.list(params={"code": "spring"}).data] == [code.id]
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code_for(client, coupon(client), code="Spring")
    client.v1.promotion_codes.update(code.id, params={"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        subscribed(client, discounts=[{"promotion_code": code.id}])
    code_for(client, coupon(client), code="Spring")


@pytest.mark.parametrize(
    "restrictions",
    [
        {"minimum_amount": 1001, "minimum_amount_currency": "usd"},
        {"first_time_transaction": True},
    ],
)
def test_codes_have_conditions(client: stripe.StripeClient, restrictions: dict[str, Any]) -> None:
    code = code_for(client, coupon(client), restrictions=restrictions)
    buyer = paying_customer(client)
    price = monthly_price(client)
    subscribe(client, buyer.id, price.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be redeemed"):
        subscribe(client, buyer.id, price.id, discounts=[{"promotion_code": code.id}])
    other = subscribe(client, buyer.id, monthly_price(client, 5000).id)
    assert other.discounts == []


def test_a_code_typed_at_checkout_takes_off_at_once(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    code = code_for(client, coupon(client))
    session = open_session(client, monthly_price(client).id, customer=customer(client).id, allow_promotion_codes=True)
    assert "This code is invalid." in fetch(str(session.url), {"do": "apply", "promotion_code": "AUTUMN"}).text
    page = fetch(str(session.url), {"do": "apply", "promotion_code": "spring"})
    assert (page.status, "$8.00" in page.text) == (200, True)
    assert client.v1.checkout.sessions.retrieve(session.id).amount_total == 800
    complete(sandbox, account, session)
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.total_details is not None
    assert (done.amount_subtotal, done.total_details.amount_discount) == (1000, 200)
    assert client.v1.invoices.retrieve(str(done.invoice)).total == 800
    assert client.v1.promotion_codes.retrieve(code.id).times_redeemed == 1


def test_a_session_comes_with_its_discount(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    discounts = [{"coupon": coupon(client, percent_off=100)}]
    session = open_session(
        client,
        monthly_price(client).id,
        customer=customer(client).id,
        discounts=discounts,
        payment_method_collection="if_required",
    )
    assert session.amount_total == 0
    told = complete(sandbox, account, session, "")
    assert (told["status"], told["payment_status"]) == ("complete", "no_payment_required")
    assert client.v1.subscriptions.retrieve(told["subscription"]).status == "active"
