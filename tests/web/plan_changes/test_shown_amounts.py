"""Ending a trial, resuming, cancelling and refunding do what the button said, or show what changed."""

from typing import Any

import pytest
from flask import Flask

from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import REFUND
from billingportal.models.auth.staff import Staff
from tests.sandbox import clocks
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, connection, plan_items
from tests.support.people.forms import form_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/portal/billing"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def store(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Store:
    connect(app, signed_in, stripe_account.test_key)
    return open_store(app, sandbox.client(stripe_account.test_key), owner.id)


def bill_later(store: Store, client: Subscribed, amount: int) -> None:
    """An item that waits for the subscription's next invoice."""
    store.sdk.v1.invoice_items.create(
        params={
            "customer": client.customer,
            "subscription": client.subscription,
            "amount": amount,
            "currency": "usd",
            "description": "Workshop",
        }
    )


def use(store: Store, client: Subscribed, contacts: int) -> None:
    payload = {"stripe_customer_id": client.customer, "value": str(contacts)}
    store.sdk.v1.billing.meter_events.create(params={"event_name": "contacts_used", "payload": payload})


def discount(store: Store, client: Subscribed) -> None:
    """Ten dollars off, which the portal has not heard of."""
    coupon = store.sdk.v1.coupons.create(params={"amount_off": 1000, "currency": "usd", "duration": "forever"})
    store.sdk.v1.subscriptions.update(client.subscription, params={"discounts": [{"coupon": coupon.id}]})


def paid_last(store: Store, client: Subscribed) -> int:
    return store.invoices(client)[0].amount_paid


def test_the_end_of_a_trial_charges_what_was_shown(app: Flask, store: Store) -> None:
    client = store.subscribe(store.growth, trial_period_days=14)
    visitor = visitor_of(app, client.client_id)
    form = form_of(visitor.get(f"{PAGE}/trial-end"), "start-now")
    assert form.button == "Start now and pay US$49.00"
    discount(store, client)

    changed = form.send(visitor)

    assert changed.status_code == 422
    assert "it is US$39.00 now. Look again." in text_of(changed)
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).status == "trialing"
    form_of(changed, "start-now").send(visitor)
    assert paid_last(store, client) == 3900
    again = form_of(changed, "start-now").send(visitor)
    assert "There is no trial any more." in text_of(again)
    assert len(store.invoices(client)) == 2


def test_a_resumption_charges_what_was_shown_to_the_card_that_was_shown(app: Flask, store: Store) -> None:
    test_clock = clocks.new_clock(store.sdk)
    end: Any = {"end_behavior": {"missing_payment_method": "pause"}}
    client = store.subscribe(store.growth, test_clock=test_clock, card="", trial_period_days=7, trial_settings=end)
    clocks.advance(store.sdk, test_clock, clocks.START + 8 * clocks.DAY)
    clocks.new_card(store.sdk, client.customer, "pm_card_visa")
    catch_up(app, store.sdk, client, test_clock)
    visitor = visitor_of(app, client.client_id)
    first = form_of(visitor.get(f"{PAGE}/resumption"), "resume-plan")
    assert first.button == "Resume and pay US$49.00"
    discount(store, client)
    changed = first.send(visitor)
    assert changed.status_code == 422
    assert "it is US$39.00 now. Look again." in text_of(changed)
    second = form_of(changed, "resume-plan")
    clocks.new_card(store.sdk, client.customer, "pm_card_mastercard")
    catch_up(app, store.sdk, client, test_clock)
    another = second.send(visitor)
    assert "The payment method was changed meanwhile." in text_of(another)
    assert "Charged to Mastercard ending 4444." in text_of(another)
    form_of(another, "resume-plan").send(visitor)
    assert paid_last(store, client) == 3900


def test_cancelling_now_bills_what_was_shown(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 10})
    visitor = visitor_of(app, client.client_id)
    form = form_of(visitor.get(f"{PAGE}/cancellation"), "cancel-subscription").typed(when="now")
    bill_later(store, client, 700)

    changed = form.send(visitor)

    assert changed.status_code == 422
    assert "it is US$7.00 now. Look again." in text_of(changed)
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).status == "active"
    form_of(changed, "cancel-subscription").send(visitor)
    assert paid_last(store, client) == 700


def test_cancelling_now_bills_use_until_then_as_the_page_says(app: Flask, store: Store) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 10})
    visitor = visitor_of(app, client.client_id)
    page = visitor.get(f"{PAGE}/cancellation")
    assert "What is used until then is billed too." in text_of(page)
    use(store, client, 70)
    assert form_of(page, "cancel-subscription").typed(when="now").send(visitor).status_code == 303
    assert paid_last(store, client) == 210


@pytest.mark.parametrize("credit", [True, False])
def test_staff_see_both_amounts_of_cancelling_now(signed_in: Visitor, store: Store, credit: bool) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 10})
    use(store, client, 70)
    page = signed_in.get(f"/saas/clients/{client.client_id}/cancellation")
    assert "What was used so far is billed now: US$2.10" in text_of(page)
    assert "becomes credit, and nothing is billed." in text_of(page)
    form = form_of(page, "cancel-subscription").typed(when="now", **({"credit": "1"} if credit else {}))
    assert form.send(signed_in).status_code == 303
    assert (store.invoices(client)[0].total < 0) is credit


def test_archiving_at_once_bills_what_was_shown(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 10})
    page = f"/saas/clients/{client.client_id}/archiving"
    form = form_of(signed_in.get(page), "archive").typed(when="now")
    bill_later(store, client, 700)
    changed = form.send(signed_in)
    assert changed.status_code == 422
    assert "What was used so far is billed: US$7.00" in text_of(changed)
    use(store, client, 70)
    assert form_of(changed, "archive").typed(when="now").send(signed_in).status_code == 303
    assert paid_last(store, client) == 910


def test_nothing_is_cancelled_now_while_stripe_does_not_say_what_is_billed(
    app: Flask, store: Store, sandbox: Sandbox
) -> None:
    client = store.subscribe(store.starter)
    visitor = visitor_of(app, client.client_id)
    sandbox.control("faults", kind="500", path_prefix="/v1/invoices/create_preview")
    page = visitor.get(f"{PAGE}/cancellation")
    sandbox.control("faults", verb="DELETE")
    assert "Stripe does not say right now what would be billed." in text_of(page)
    answer = form_of(page, "cancel-subscription").typed(when="now").send(visitor)
    assert answer.status_code == 422
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).status == "active"


def test_a_refund_is_of_what_was_shown(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    with app.app_context():
        items: Any = plan_items(db.session(), store.starter, None, {})
    second = store.sdk.v1.subscriptions.create(params={"customer": client.customer, "items": items})
    catch_up(app, store.sdk, Subscribed(client.client_id, client.account_id, client.customer, second.id))
    page = f"/saas/clients/{client.client_id}/duplicates/{second.id}/removal"
    form = form_of(signed_in.get(page), "remove")
    assert form.button == "Cancel and refund US$19.00"
    (payment,) = store.sdk.v1.invoice_payments.list(params={"invoice": str(second.latest_invoice)}).data
    part = store.sdk.v1.refunds.create(params={"payment_intent": str(payment.payment.payment_intent), "amount": 500})
    with app.app_context():
        _, gateway = connection()
        reconciliation.refresh(transaction, gateway, client.account_id, REFUND, part.id)

    changed = form.send(signed_in)

    assert changed.status_code == 422
    assert "it is US$14.00 now. Look again." in text_of(changed)
    assert store.sdk.v1.subscriptions.retrieve(second.id).status == "active"
    assert form_of(changed, "remove").send(signed_in).status_code == 303
    assert sorted(refund.amount for refund in store.sdk.v1.refunds.list().data) == [500, 1400]


def test_a_second_try_at_the_same_moment_of_a_test_clock_is_a_change_of_its_own(app: Flask, store: Store) -> None:
    test_clock = clocks.new_clock(store.sdk)
    client = store.subscribe(store.starter, test_clock=test_clock)
    visitor = visitor_of(app, client.client_id)
    address = f"{PAGE}/plan/preview?plan={store.growth}&interval=month"
    clocks.new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    first = form_of(visitor.get(address), "confirm-change")
    declined = first.send(visitor)
    assert "The change was not made" in text_of(visitor.get(declined.location or ""))
    assert first.send(visitor).location == declined.location
    clocks.new_card(store.sdk, client.customer, "pm_card_visa")
    visitor.get(f"{PAGE}/return")

    again = form_of(visitor.get(address), "confirm-change").send(visitor)

    assert again.location != declined.location
    assert "It is Growth now" in text_of(visitor.get(again.location or ""))
    assert paid_last(store, client) == 3000
