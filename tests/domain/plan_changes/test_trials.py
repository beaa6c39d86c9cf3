"""Trials: a letter before they end, once, that says what happens without a card; and starting early."""

import pytest

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.plan_changes import trials as plan_change_trials
from billingportal.models import MailSettings, OutgoingMail
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import DAY, advance, frozen, new_clock
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def set_up_mail() -> None:
    with transaction() as session:
        session.add(
            MailSettings(
                id=1,
                is_on=True,
                host="127.0.0.1",
                port=9,
                security="none",
                sender="billing@example.com",
                updated_at=clock.now(),
            )
        )


def letters() -> list[OutgoingMail]:
    db.session().rollback()
    return db.session().query(OutgoingMail).all()


def test_a_letter_comes_three_days_before_the_end_and_once(store: Store) -> None:
    set_up_mail()
    test_clock = new_clock(store.sdk)
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    client = store.subscribe(
        store.growth, card="", test_clock=test_clock, trial_period_days=14, trial_settings=settings
    )

    plan_change_trials.remind_due(transaction)
    assert letters() == []

    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 12 * DAY)
    store.refresh(client, test_clock)
    plan_change_trials.remind_due(transaction)
    plan_change_trials.remind_due(transaction)

    (letter,) = letters()
    assert letter.occasion.startswith(f"trial-ending:{client.subscription}:")
    assert "Without a card it is paused then, until one is added." in letter.body


def test_without_a_mail_server_nothing_is_written(store: Store) -> None:
    store.subscribe(store.growth, trial_period_days=2)

    plan_change_trials.remind_due(transaction)

    assert letters() == []
