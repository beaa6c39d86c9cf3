"""Use of a client that has no subscription yet waits, is warned of, and is billed once the client subscribes."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.entitlements import evaluation
from billingportal.jobs.metering import look_after_held_back
from billingportal.models import Client, MeterEvent
from billingportal.portal import current_portal
from tests.support.metering.metered import Metered, ago
from tests.support.people.clients import Subscribed, catch_up, link_customer, new_client, new_customer

# Properties and the storm run on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def without_subscription(messages: Metered) -> int:
    """A client that uses the plan and pays for nothing yet; its id."""
    client_id = new_client("Harbor")
    messages.add_workspace(client_id, "harbor")
    with transaction() as session:
        session.get_one(Client, client_id).base_plan_id = messages.plan_id
        entitlement = evaluation.evaluate(session, client_id)
        entitlement.since = ago(days=40)
    return client_id


def subscribe(messages: Metered, client_id: int) -> str:
    customer = new_customer(messages.sdk, "Harbor", "pm_card_visa")
    made = messages.sdk.v1.subscriptions.create(params={"customer": customer, "items": [{"price": messages.price_id}]})
    account_id = messages.world.row().id
    link_customer(client_id, account_id, customer)
    catch_up(messages.world.app, messages.sdk, Subscribed(client_id, account_id, customer, made.id))
    return customer


def test_it_waits_and_is_billed_from_the_subscriptions_start(messages: Metered) -> None:
    client_id = without_subscription(messages)
    messages.use(5, ago(days=2))
    messages.use(3)
    messages.work()
    assert {event.state for event in messages.events()} == {"waiting"}

    customer = subscribe(messages, client_id)
    messages.use(2)
    messages.work()

    started_at = messages.meters()[0].billed_from
    assert started_at is not None
    sent = messages.at_stripe(customer)
    assert sum(value for _, value in sent) == 10
    assert all(at >= started_at for at, _ in sent)
    assert {event.state for event in messages.events()} == {"cancelled", "sent"}


def test_staff_are_warned_once_and_what_is_too_old_is_given_up(messages: Metered) -> None:
    without_subscription(messages)
    messages.use(5)
    messages.work()
    for days, state in ((24, "waiting"), (26, "waiting"), (27, "waiting"), (35, "too_late")):
        with transaction() as session:
            session.execute(update(MeterEvent).values(at=now() - timedelta(days=days)))
        look_after_held_back(current_portal())
        assert messages.world.session.scalars(select(MeterEvent.state)).all() == [state]

    warnings = [words for words in messages.world.audited() if "wait to be billed" in words]
    assert len(warnings) == 1
    assert warnings[0].startswith("5 messages wait to be billed until the client has a subscription.")
