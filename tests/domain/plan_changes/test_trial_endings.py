"""What happens at the end of a trial without a card is what Stripe was told, and the pages say so."""

from typing import Any

import pytest
import stripe

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.plan_changes import trials
from billingportal.domain.plan_changes.trials import TrialEnding, trial_ending
from billingportal.domain.plans import lifecycle as plan_lifecycle
from billingportal.domain.plans.terms import Limit
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.client_subscriptions import running_of
from billingportal.domain.subscriptions.next_payment import NextPayment, next_payment
from billingportal.models import Client, OutgoingMail, Plan, Subscription
from billingportal.models.auth.staff import Staff
from billingportal.models.plans.plan import TrialEnd
from tests.domain.plan_changes.test_trials import set_up_mail
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_clock
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import Subscribed
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

# The rows are read alike from both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def on_trial(store: Store, ends_by: str, card: str = "", **more: Any) -> tuple[Subscribed, str]:
    """A client of Growth, two days before the end of its trial."""
    test_clock = new_clock(store.sdk, int(clock.now().timestamp()))
    settings = {"end_behavior": {"missing_payment_method": ends_by}}
    client = store.subscribe(
        store.growth, card=card, test_clock=test_clock, trial_period_days=14, trial_settings=settings, **more
    )
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 12 * DAY)
    store.refresh(client, test_clock)
    return client, test_clock


def told(client: Subscribed) -> tuple[TrialEnding, NextPayment | None]:
    """What the pages of both sides say."""
    session = db.session()
    session.rollback()
    row = session.get_one(Client, client.client_id)
    subscription = running_of(session, row)
    assert subscription is not None
    plan = session.query(Plan).filter_by(name="Growth").one()
    return trial_ending(session, row, subscription, plan), next_payment(session, subscription, moment_of(session, row))


def status_after(store: Store, client: Subscribed, test_clock: str) -> tuple[str, int]:
    """The status of the subscription after its trial, and what was due."""
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 2 * DAY + 2 * HOUR)
    row: stripe.Subscription = store.sdk.v1.subscriptions.retrieve(client.subscription)
    return row.status, sum(one.amount_due for one in store.invoices(client))


@pytest.mark.parametrize(
    ("ends_by", "words", "status"),
    [
        ("cancel", "Without a card it ends then, and no plan takes its place.", "canceled"),
        ("pause", "Without a card it is paused then, until one is added.", "paused"),
    ],
)
def test_a_trial_that_nothing_pays_for_announces_no_payment(
    store: Store, ends_by: str, words: str, status: str
) -> None:
    client, test_clock = on_trial(store, ends_by)
    ending, coming = told(client)
    assert ending.words == words
    assert ending.needs_card
    assert coming is None
    assert status_after(store, client, test_clock) == (status, 0)


@pytest.mark.parametrize(
    ("terms", "words", "needs_card"),
    [
        ({"card": ""}, "Without a card its first payment fails then.", True),
        ({"card": "pm_card_visa"}, "Then it goes on as a paid plan.", False),
        (
            {"collection_method": "send_invoice", "days_until_due": 7},
            "Then it goes on as a paid plan, and an invoice is sent.",
            False,
        ),
    ],
)
def test_a_trial_that_is_charged_announces_the_payment(
    store: Store, terms: dict[str, Any], words: str, needs_card: bool
) -> None:
    client, test_clock = on_trial(store, "create_invoice", **terms)
    ending, coming = told(client)
    assert (ending.words, ending.needs_card) == (words, needs_card)
    assert coming is not None
    assert coming.words == "US$49.00"
    assert status_after(store, client, test_clock)[1] == 4900


def test_a_card_that_was_removed_pays_for_nothing(store: Store) -> None:
    client, test_clock = on_trial(store, "cancel", card="pm_card_visa")
    assert told(client)[1] is not None
    for method in store.sdk.v1.payment_methods.list({"customer": client.customer}).data:
        store.sdk.v1.payment_methods.detach(method.id)
    store.read_card(client)
    assert told(client)[1] is None
    assert status_after(store, client, test_clock) == ("canceled", 0)


def test_a_setting_that_was_never_read_is_not_known(store: Store) -> None:
    client, _ = on_trial(store, "cancel")
    with transaction() as session:
        session.query(Subscription).one().missing_payment_method = ""
    ending, coming = told(client)
    assert ending.outcome == "ended"
    assert coming is not None
    assert coming.words == "Not known yet"


@pytest.mark.parametrize(("trial_end", "place"), [("default", "Basic"), ("cancel", "no plan")])
def test_the_plan_that_follows_is_named(store: Store, owner: Staff, trial_end: TrialEnd, place: str) -> None:
    with transaction() as session:
        session.get_one(Plan, store.growth).trial_end = trial_end
    basic = new_plan(owner.id, "Basic", is_active=True, quotas={store.contacts: Limit(10)})
    with transaction() as session:
        plan_lifecycle.make_default(session, basic, staff_id=owner.id)
    client, _ = on_trial(store, "cancel")
    assert told(client)[0].words == f"Without a card it ends then, and {place} takes its place."


def test_the_email_of_a_trial_that_is_billed_asks_for_no_card(store: Store) -> None:
    set_up_mail()
    on_trial(store, "cancel", collection_method="send_invoice", days_until_due=7)
    trials.remind_due(transaction)
    db.session().rollback()
    (letter,) = db.session().query(OutgoingMail).all()
    assert "Then it goes on as a paid plan, and an invoice is sent. You can cancel before that day." in letter.body
