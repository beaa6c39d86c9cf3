"""A first payment that fails, after a trial or by debit: nothing is granted, the client is told and can pay."""

import pytest
import stripe

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.client_portal.billing_page import BillingPage, billing_page
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import quotes as plan_change_quotes
from billingportal.domain.plan_changes.planning import ChangeRequest
from billingportal.errors import Refusal
from billingportal.models import Client, MailSettings, OutgoingMail
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_card, new_clock
from tests.support.people.clients import Subscribed, connection
from tests.support.people.plan_changes import entitlement_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

FAILS = "pm_card_chargeCustomerFail"


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    with transaction() as session:
        mail = {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "billing@example.com"}
        session.add(MailSettings(id=1, is_on=True, **mail, updated_at=clock.now()))
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def after_trial(store: Store, card: str) -> tuple[Subscribed, str]:
    """A client two hours after the end of a trial, and its test clock."""
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, card=card, test_clock=test_clock, trial_period_days=14)
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 14 * DAY + 2 * HOUR)
    store.refresh(client, test_clock)
    return client, test_clock


def page_of(client: Subscribed) -> BillingPage:
    session = db.session()
    session.rollback()
    session.expire_all()
    return billing_page(session, session.get_one(Client, client.client_id))


def emails() -> list[OutgoingMail]:
    db.session().rollback()
    return db.session().query(OutgoingMail).order_by(OutgoingMail.id).all()


def pay(store: Store, client: Subscribed, test_clock: str | None) -> None:
    new_card(store.sdk, client.customer, "pm_card_visa")
    invoice = next(one for one in store.invoices(client) if one.status == "open")
    store.sdk.v1.invoices.pay(str(invoice.id))
    store.refresh(client, test_clock)


def test_a_first_charge_that_fails_after_a_trial_is_told_once_and_can_be_paid(store: Store) -> None:
    client, test_clock = after_trial(store, FAILS)

    held = entitlement_of(client.client_id)
    assert (held.standing, held.step, held.source) == ("past_due", "none", "none")
    page = page_of(client)
    assert page.notice is not None
    assert (page.notice.title, page.notice.action) == ("Your first payment of US$49.00 failed", "pay")
    assert (page.status.words, page.may_change_plan) == ("Payment failed", False)
    (email,) = emails()
    assert (email.kind, email.subject) == ("ladder_first_payment", "Your first payment failed")

    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 4 * DAY)  # it is tried again, and fails again
    store.refresh(client, test_clock)
    assert len(emails()) == 1

    pay(store, client, test_clock)
    held = entitlement_of(client.client_id)
    assert (held.standing, held.plan_id) == ("active", store.growth)
    assert page_of(client).notice is None
    assert "the plan has started" in emails()[-1].body


def test_a_trial_that_ends_without_a_card_and_makes_an_invoice_is_told(store: Store) -> None:
    client, _ = after_trial(store, "")

    page = page_of(client)
    assert page.notice is not None
    assert page.notice.title == "Your first payment of US$49.00 failed"
    assert [email.kind for email in emails() if email.kind != "trial_ending"] == ["ladder_first_payment"]


def test_a_debit_under_way_is_said_and_not_to_be_paid_again(store: Store, world: World) -> None:
    client = store.subscribe(store.growth, card="pm_sepa_debit")

    page = page_of(client)
    assert page.notice is not None
    assert (page.notice.title, page.notice.action) == ("Your payment of US$49.00 is on its way", "none")
    assert [one.status.words for one in page.invoices] == ["On its way"]
    assert emails() == []
    with pytest.raises(stripe.InvalidRequestError):
        store.sdk.v1.invoices.pay(str(store.invoices(client)[0].id))

    account = world.stripe_account.id
    world.sandbox.control("payments/settle", account=account, mode="test", outcome="failed")
    store.refresh(client)
    page = page_of(client)
    assert page.notice is not None
    assert (page.notice.title, page.notice.action) == ("Your first payment of US$49.00 failed", "pay")
    assert [one.status.words for one in page.invoices] == ["Payment failed"]
    assert [email.kind for email in emails()] == ["ladder_first_payment"]


def test_a_debit_of_a_renewal_keeps_the_plan_and_is_said(store: Store) -> None:
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, test_clock=test_clock)
    new_card(store.sdk, client.customer, "pm_sepa_debit")
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 31 * DAY + 2 * HOUR)
    store.refresh(client, test_clock)

    page = page_of(client)
    assert (page.held.standing, page.held.plan_id) == ("active", store.growth)
    assert page.notice is not None
    assert (page.notice.title, page.notice.action) == ("Your payment of US$49.00 is on its way", "none")


def test_a_plan_is_not_changed_while_a_debit_is_under_way(store: Store) -> None:
    client = store.subscribe(store.growth, card="pm_sepa_debit")
    _, gateway = connection()
    request = ChangeRequest(client.client_id, store.scale, Selection(("month", 1), "usd", {"contacts": 10}))

    with pytest.raises(Refusal, match="on its way"):
        plan_change_quotes.preview(transaction, gateway, request)
