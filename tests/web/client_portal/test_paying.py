"""A client pays exactly what the button said, or is shown what changed."""

from collections.abc import Callable
from random import Random
from typing import Any

import hypothesis
import pytest
import stripe
from flask import Flask
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from billingportal.models.auth.staff import Staff
from billingportal.money import Money
from tests.sandbox import clocks
from tests.support.catalog.catalog import catalog, connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, paid_plan, subscribed_client
from tests.support.people.forms import form_of, forms_of
from tests.support.stripe.one_offs import one_off
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

PAGE = "/portal/billing"
Life = tuple[Subscribed, str]
ON_ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def begin(
    app: Flask,
    signed_in: Visitor,
    owner: Staff,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    session: Session,
    sdk: stripe.StripeClient,
) -> Callable[..., Life]:
    """Starts a client of Growth, US$29.00 a month, on a test clock."""
    connect(app, signed_in, stripe_account.test_key)
    plan_id = paid_plan(owner.id, catalog(sandbox, stripe_account), app, amount=2900)

    def one(**given: Any) -> Life:
        test_clock = clocks.new_clock(sdk)
        return subscribed_client(app, sdk, plan_id, test_clock=test_clock, **given), test_clock

    return one


@pytest.fixture
def failing(app: Flask, sdk: stripe.StripeClient, begin: Callable[..., Life]) -> Life:
    """A client whose first renewal was declined, and who has an older one-off that is not due yet."""
    one, test_clock = begin()
    one_off(sdk, one.customer, days=60)
    clocks.new_card(sdk, one.customer, "pm_card_chargeCustomerFail")
    clocks.advance(sdk, test_clock, clocks.months_after(clocks.START, 1) + 2 * clocks.HOUR)
    catch_up(app, sdk, one, test_clock)
    return one, test_clock


@pytest.fixture
def payer(begin: Callable[..., Life]) -> Subscribed:
    return begin()[0]


def paid_amounts(sdk: stripe.StripeClient, one: Subscribed) -> list[int]:
    """What was charged to the client, oldest first."""
    found = sdk.v1.charges.list(params={"customer": one.customer, "limit": 100}).data
    return [charge.amount for charge in found if charge.paid][::-1]


def test_the_button_of_a_failing_renewal_pays_the_renewal_and_not_an_older_one_off(
    app: Flask, sdk: stripe.StripeClient, failing: Life
) -> None:
    one, _ = failing
    visitor = visitor_of(app, one.client_id)
    page = visitor.get(PAGE)
    assert "Your payment of US$29.00 failed" in text_of(page)
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")
    assert "US$29.00" in form.button

    assert form.send(visitor).location == PAGE

    assert paid_amounts(sdk, one) == [2900, 2900]
    assert "Payment failed" not in text_of(visitor.get(PAGE))


def test_one_form_sent_twice_pays_once_though_another_invoice_is_open(
    app: Flask, sdk: stripe.StripeClient, failing: Life
) -> None:
    one, _ = failing
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor = visitor_of(app, one.client_id)
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")

    form.send(visitor)
    again = form.send(visitor)

    assert paid_amounts(sdk, one) == [2900, 2900]
    assert again.location == PAGE
    assert "This was paid already. Nothing was charged." in text_of(visitor.get(PAGE))


@ON_ONE_DATABASE
def test_two_pages_pay_once(app: Flask, sdk: stripe.StripeClient, failing: Life) -> None:
    one, _ = failing
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor = visitor_of(app, one.client_id)
    visitor.get(f"{PAGE}/return")
    forms = [form_of(visitor.get(PAGE), "pay-now") for _ in range(2)]
    for form in forms:
        form.send(visitor)
    assert forms[0].fields["token"] != forms[1].fields["token"]
    assert paid_amounts(sdk, one) == [2900, 2900]


OUT_OF_DATE = "This page is out of date. Look again."
ANOTHER_AMOUNT = "The amount changed meanwhile: it is US$29.00 now. Look again."
NOT_SHOWN = (
    ({"amount": "100"}, ANOTHER_AMOUNT),
    ({"currency": "eur"}, ANOTHER_AMOUNT),
    ({"currency": "1"}, OUT_OF_DATE),
    ({"object": "in_other"}, OUT_OF_DATE),
    ({"object": ""}, OUT_OF_DATE),
    ({"method": "pm_other"}, "The payment method was removed meanwhile. Look again."),
)


@ON_ONE_DATABASE
def test_what_was_not_shown_is_not_paid(app: Flask, sdk: stripe.StripeClient, failing: Life) -> None:
    one, _ = failing
    visitor = visitor_of(app, one.client_id)
    form = form_of(visitor.get(PAGE), "pay-now")
    for change, words in NOT_SHOWN:
        answer = form.typed(**change).send(visitor)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert "Pay US$29.00 now" in text_of(answer)
    assert paid_amounts(sdk, one) == [2900]


@ON_ONE_DATABASE
def test_an_invoice_that_was_voided_or_paid_meanwhile_is_not_charged(
    app: Flask, sdk: stripe.StripeClient, failing: Life
) -> None:
    """The portal has not heard of either."""
    one, _ = failing
    visitor = visitor_of(app, one.client_id)
    page = visitor.get(PAGE)
    renewal = form_of(page, "pay-now")
    workshop = next(form for form in forms_of(page) if "US$500.00" in form.button)
    sdk.v1.invoices.void_invoice(renewal.fields["object"])
    sdk.v1.invoices.pay(workshop.fields["object"], params={"paid_out_of_band": True})
    voided = renewal.send(visitor)
    assert voided.status_code == 422
    assert "This invoice is not open any more. Look again." in text_of(voided)
    assert workshop.send(visitor).location == PAGE
    assert "This was paid already. Nothing was charged." in text_of(visitor.get(PAGE))
    assert paid_amounts(sdk, one) == [2900]


@ON_ONE_DATABASE
def test_nobody_pays_the_invoice_of_another_or_with_the_card_of_another(
    app: Flask, sdk: stripe.StripeClient, begin: Callable[..., Life]
) -> None:
    mine, _ = begin()
    other, _ = begin(name="Coral Dental")
    one_off(sdk, mine.customer)
    theirs = one_off(sdk, other.customer)
    for one in (mine, other):
        catch_up(app, sdk, one)
    visitor = visitor_of(app, mine.client_id)
    form = next(form for form in forms_of(visitor.get(PAGE)) if "US$500.00" in form.button)
    (card,) = sdk.v1.payment_methods.list(params={"customer": other.customer}).data
    for change in ({"object": theirs}, {"method": card.id}):
        assert form.typed(**change).send(visitor).status_code == 422
    assert paid_amounts(sdk, mine) + paid_amounts(sdk, other) == [2900, 2900]


@ON_ONE_DATABASE
def test_the_card_on_the_button_is_charged_though_another_became_the_default(
    app: Flask, sdk: stripe.StripeClient, failing: Life
) -> None:
    one, test_clock = failing
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor = visitor_of(app, one.client_id)
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")
    assert form.button == "Pay US$29.00 with Visa ending 4242"
    clocks.new_card(sdk, one.customer, "pm_card_chargeCustomerFail")
    catch_up(app, sdk, one, test_clock)
    assert form.send(visitor).location == PAGE
    assert paid_amounts(sdk, one) == [2900, 2900]


@ON_ONE_DATABASE
def test_a_debit_under_way_offers_no_second_payment(app: Flask, sdk: stripe.StripeClient, failing: Life) -> None:
    one, _ = failing
    clocks.new_card(sdk, one.customer, "pm_sepa_debit")
    visitor = visitor_of(app, one.client_id)
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")
    form.send(visitor)
    page = visitor.get(PAGE)
    assert "Your payment of US$29.00 is on its way" in text_of(page)
    assert "pay-now" not in [form.button_id for form in forms_of(page)]
    assert form.typed(token="another").send(visitor).location == PAGE
    assert "The payment is on its way." in text_of(visitor.get(PAGE))


@ON_ONE_DATABASE
def test_a_plan_that_was_not_paid_yet_speaks_of_its_own_invoice(
    app: Flask, sdk: stripe.StripeClient, begin: Callable[..., Life]
) -> None:
    one, test_clock = begin(card="pm_card_chargeCustomerFail", payment_behavior="allow_incomplete")
    one_off(sdk, one.customer, days=None)
    catch_up(app, sdk, one, test_clock)
    words = text_of(visitor_of(app, one.client_id).get(PAGE))
    assert "Your bank declined the Visa ending 0341. Your plan starts as soon as US$29.00 is paid." in words
    assert "An invoice of US$500.00 is open For “Onboarding workshop”. It is separate from your plan." in words


@ON_ONE_DATABASE
def test_a_one_off_that_failed_is_told_as_one(app: Flask, sdk: stripe.StripeClient, begin: Callable[..., Life]) -> None:
    one, test_clock = begin()
    clocks.new_card(sdk, one.customer, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        sdk.v1.invoices.pay(one_off(sdk, one.customer, days=None))
    catch_up(app, sdk, one, test_clock)
    words = text_of(visitor_of(app, one.client_id).get(PAGE))
    assert "The payment of US$500.00 failed" in words
    assert "It is separate from your plan. Your bank declined the Visa ending 0341." in words
    assert "Growth US$29.00 a month Active" in words


@ON_ONE_DATABASE
@hypothesis.settings(
    max_examples=6, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(amounts=st.lists(st.integers(50, 10**6), min_size=1, max_size=4), order=st.randoms())
def test_whichever_button_is_pressed_pays_its_amount_and_no_other(
    app: Flask, sdk: stripe.StripeClient, payer: Subscribed, amounts: list[int], order: Random
) -> None:
    for minor in amounts:
        one_off(sdk, payer.customer, minor, days=order.choice([None, 0, 30]))
    catch_up(app, sdk, payer)
    visitor = visitor_of(app, payer.client_id)
    forms = [form for form in forms_of(visitor.get(PAGE)) if form.button.startswith("Pay ")]
    assert sorted(int(form.fields["amount"]) for form in forms) == sorted(amounts)
    order.shuffle(forms)
    for form in forms:
        amount = Money(int(form.fields["amount"]), "usd")
        assert form.button == f"Pay {amount}"
        before = paid_amounts(sdk, payer)
        form.send(visitor)
        assert paid_amounts(sdk, payer) == [*before, amount.minor]
        assert sdk.v1.invoices.retrieve(form.fields["object"]).status == "paid"
