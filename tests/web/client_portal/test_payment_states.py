"""Payments that are paused, owed or withdrawn: both pages say the same, and what they promise is possible."""

from datetime import timedelta
from typing import Any

import pytest
import stripe
from flask import Flask

from billingportal.clock import from_unix
from billingportal.domain.common.dates import day
from billingportal.domain.plans.price_links import Link
from billingportal.models.auth.staff import Staff
from tests.sandbox import clocks
from tests.sandbox.clocks import DAY, HOUR, START, months_after
from tests.support.catalog.catalog import catalog, connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, paid_plan, plan_of, subscribed_client
from tests.support.people.forms import form_of
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/portal/billing"
BAD, GOOD = "pm_card_chargeCustomerFail", "pm_card_visa"
RENEWAL = months_after(START, 1)


class Paying:
    """A client on a test clock, seen from Stripe, from its own page and from staff's."""

    def __init__(self, app: Flask, staff: Visitor, sdk: stripe.StripeClient, plan_id: int) -> None:
        self.app, self.staff, self.sdk = app, staff, sdk
        self.clock = clocks.new_clock(sdk)
        self.ids: Subscribed = subscribed_client(app, sdk, plan_id, test_clock=self.clock)
        self.own = visitor_of(app, self.ids.client_id)

    def advance(self, to: int) -> None:
        clocks.advance(self.sdk, self.clock, to)
        self.read()

    def read(self) -> None:
        catch_up(self.app, self.sdk, self.ids, self.clock)

    def pay_with(self, card: str) -> None:
        clocks.new_card(self.sdk, self.ids.customer, card)

    def update(self, **params: Any) -> None:
        given: Any = params
        self.sdk.v1.subscriptions.update(self.ids.subscription, params=given)
        self.read()

    def status(self) -> str:
        return self.sdk.v1.subscriptions.retrieve(self.ids.subscription).status

    def own_words(self) -> str:
        return text_of(self.own.get(PAGE))

    def staff_words(self) -> str:
        return text_of(self.staff.get(f"/saas/clients/{self.ids.client_id}"))

    def listed(self) -> str:
        return text_of(self.staff.get("/saas/clients"))


@pytest.fixture
def paying(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Paying:
    connect(app, signed_in, stripe_account.test_key)
    sold = catalog(sandbox, stripe_account)
    return Paying(app, signed_in, sold.client, paid_plan(owner.id, sold, app, amount=4900))


def end_unpaid(sandbox: Sandbox, stripe_account: SandboxAccount, after: str) -> None:
    sandbox.control("dunning", account=stripe_account.id, retry_days=[], after=after)


@pytest.mark.parametrize(
    ("behavior", "said", "later"),
    [
        ("keep_as_draft", "invoices stay drafts", True),
        ("mark_uncollectible", "invoices are marked uncollectible", False),
        ("void", "invoices are voided", False),
    ],
)
def test_paused_payments_are_shown_and_no_next_payment_is_announced(
    paying: Paying, behavior: str, said: str, later: bool
) -> None:
    assert "Next payment" in paying.own_words()
    resumes_at = RENEWAL + 5 * DAY
    paying.update(pause_collection={"behavior": behavior, "resumes_at": resumes_at})

    for moment in (START + DAY, RENEWAL + 2 * HOUR):
        paying.advance(moment)
        own, staff, until = paying.own_words(), paying.staff_words(), day(from_unix(resumes_at))
        assert f"Payments are paused until {until}" in own
        assert ("may be charged later" in own) is later
        assert "Next payment" not in own
        assert "renews on" not in own
        assert f"Active, payments paused until {until}" in staff
        assert f"Until {until}, {said}" in staff
        assert "Next renewal" not in staff
        assert "Paused" in paying.listed()

    paying.advance(resumes_at + HOUR)
    assert "paused" not in paying.own_words() + paying.staff_words()
    assert "Next payment" in paying.own_words()


def test_a_paused_subscription_announces_no_next_payment(paying: Paying) -> None:
    paying.sdk.v1.subscriptions.pause(paying.ids.subscription)
    paying.read()

    assert "Your plan is paused" in paying.own_words()
    assert "Next payment" not in paying.own_words()
    assert "Next renewal" not in paying.staff_words()


def test_both_pages_say_the_same_day_until_which_everything_works(
    paying: Paying, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    end_unpaid(sandbox, stripe_account, "past_due")
    paying.pay_with(BAD)
    paying.advance(RENEWAL + 2 * HOUR)
    failed = from_unix(RENEWAL + HOUR)

    said = f"Everything keeps working until {day(failed + timedelta(days=7))}"
    warned = day(failed + timedelta(days=3))
    assert said in paying.own_words()
    assert said in paying.staff_words()
    assert f"everything keeps working until {day(failed + timedelta(days=7))}" in paying.staff_words()
    assert warned not in paying.own_words() + paying.staff_words()


def test_an_unpaid_plan_with_only_a_draft_left_is_paid_at_once(
    paying: Paying, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    end_unpaid(sandbox, stripe_account, "unpaid")
    paying.pay_with(BAD)
    paying.advance(RENEWAL + 2 * HOUR)
    (owed,) = paying.sdk.v1.invoices.list(params={"customer": paying.ids.customer, "status": "open"}).data
    paying.sdk.v1.invoices.void_invoice(str(owed.id))
    paying.advance(months_after(START, 2) + 2 * HOUR)
    assert paying.status() == "unpaid"
    paying.pay_with(GOOD)
    paying.read()
    button = form_of(paying.own.get(PAGE), "pay-now")
    assert button.button == "Pay US$49.00 now"

    answer = button.send(paying.own)

    assert answer.status_code == 303
    assert paying.status() == "active"
    assert "Your payment" not in paying.own_words()


def test_a_plan_whose_invoice_was_withdrawn_is_ended_and_bought_anew(
    paying: Paying, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    end_unpaid(sandbox, stripe_account, "past_due")
    paying.pay_with(BAD)
    paying.advance(RENEWAL + 2 * HOUR)
    (owed,) = paying.sdk.v1.invoices.list(params={"customer": paying.ids.customer, "status": "open"}).data
    paying.sdk.v1.invoices.void_invoice(str(owed.id))
    paying.read()

    words = paying.own_words()
    assert "The invoice was withdrawn, so there is nothing to pay now." in words
    assert "Pay US$" not in words
    assert "End Growth" in words
    ending = form_of(paying.own.get(f"{PAGE}/cancellation"), "cancel-subscription").typed(when="now")
    assert ending.send(paying.own).status_code == 303
    assert paying.status() == "canceled"
    assert "Choose" in paying.own_words()


def test_a_change_in_stripe_that_is_not_paid_is_told_beside_the_plan_that_is(
    paying: Paying, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    """The price of the new plan is not shown as that of the old one."""
    sold = catalog(sandbox, stripe_account)
    price = sold.price(unit_amount=9900)
    plan_of(owner.id, paying.app, [Link(price, "flat")], "Scale")
    paying.pay_with(BAD)
    paying.advance(RENEWAL + 2 * HOUR)
    item = paying.sdk.v1.subscriptions.retrieve(paying.ids.subscription)["items"].data[0].id
    paying.update(items=[{"id": item, "price": price}])

    said = "Changes to Scale, US$99.00 a month, once it is paid."
    assert f"Growth {said} Payment failed" in paying.own_words()
    assert f"Plan Growth Subscription {said} Subscription Past due Present period" in paying.staff_words()
    assert "A change of it to Scale waits for its payment." in paying.staff_words()

    paying.pay_with(GOOD)
    paying.own.get(f"{PAGE}/return")
    form_of(paying.own.get(PAGE), "pay-now").send(paying.own)
    paying.read()
    assert said not in paying.own_words() + paying.staff_words()
    assert "Scale US$99.00 a month Active" in paying.own_words()


def test_staff_are_promised_nothing_of_a_payment_that_nobody_can_make(
    paying: Paying, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    end_unpaid(sandbox, stripe_account, "unpaid")
    paying.pay_with(BAD)
    paying.advance(RENEWAL + 2 * HOUR)
    assert "Paying restores everything at once." in paying.staff_words()
    newest = paying.sdk.v1.subscriptions.retrieve(paying.ids.subscription).latest_invoice
    paying.sdk.v1.invoices.void_invoice(str(newest))
    paying.read()
    words = paying.staff_words()
    assert "Its invoice was withdrawn, so there is nothing to pay. End the plan to start again." in words
    assert "Paying restores" not in words
    assert "until the payment is made" not in words


def test_a_card_that_has_paid_is_not_said_to_be_untried_for_an_older_invoice(
    paying: Paying, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    end_unpaid(sandbox, stripe_account, "past_due")
    paying.pay_with(BAD)
    paying.advance(RENEWAL + 2 * HOUR)
    paying.advance(months_after(START, 2) + 2 * HOUR)
    paying.pay_with(GOOD)
    paying.own.get(f"{PAGE}/return")
    assert "Saved, not charged yet" in paying.own_words()
    form_of(paying.own.get(PAGE), "pay-now").send(paying.own)
    paying.read()
    words = paying.own_words()
    assert "It is an earlier invoice of your plan." in words
    assert "Saved, not charged yet" not in words
