"""What the worker and the doors of the domain do with the throw-away clients of rehearsals."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from billingportal.clock import now
from billingportal.db import Base, db, transaction
from billingportal.domain.mail.outbox import write_mail
from billingportal.domain.outgoing_webhooks.event_types import CHOICES
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage.limits.pool_settings import set_pool
from billingportal.domain.usage.limits.pool_state import used_now
from billingportal.domain.usage.records import take_records
from billingportal.models import (
    Client,
    ClientCustomer,
    Customer,
    Entitlement,
    MailSettings,
    ModeUsageDay,
    OutgoingEndpoint,
    OutgoingMessage,
    Resource,
    StripeEvent,
    Subscription,
    UsagePool,
)
from billingportal.models.rehearsal.visibility import EVERY_ROW, condition_of, full_transaction
from tests.support.metering.metered import Metered
from tests.support.people.clients import Subscribed
from tests.support.rehearsal.rows import add_life, add_rehearsal
from tests.support.usage.reports import quantity

# Words in the names of columns by which a row may be about a client, and the columns that are not.
ABOUT_CLIENTS = re.compile("client|customer|workspace|subscription|invoice")
ABOUT_NOBODY = {
    "api_settings",
    "billing_link_request",
    "ladder_settings",
    "meter",
    "portal_configuration",
    "rehearsal_client",
    "resource",
    "selling_settings",
    "sign_up_request",
}


def test_every_table_about_clients_is_hidden() -> None:
    """A new table is hidden by its columns and foreign keys; one that only sounds like it is named above."""
    tables = [table for table in Base.metadata.sorted_tables if condition_of(table) is EVERY_ROW]
    shown = {table.name for table in tables if any(ABOUT_CLIENTS.search(column.name) for column in table.c)}
    assert shown - ABOUT_NOBODY == set()


class Two(NamedTuple):
    """A client like any other, and a throw-away client. Both have a workspace and the same plan."""

    harbor: Subscribed
    thrown: Subscribed


@pytest.fixture
def two(messages: Metered) -> Two:
    with transaction() as session:
        every = list(CHOICES)
        session.add(
            OutgoingEndpoint(mode="test", url="https://a.example/", events=every, secret_end="abcd", created_at=now())
        )
    found = Two(messages.subscribe("Harbor"), messages.subscribe("Played"))
    with full_transaction() as session:
        session.get_one(Client, found.thrown.client_id).is_rehearsal = True
    return found


def play(messages: Metered, amount: int) -> str:
    """Report use of the throw-away client, as a rehearsal does."""
    with full_transaction() as session:
        (taken,) = take_records(session, "test", [quantity("k", "played", messages.resource, amount)], clock_times)
    return taken.result


def test_its_use_is_counted_for_itself_and_in_no_sum(messages: Metered, two: Two) -> None:
    resource_id = messages.resource_id()
    with transaction() as session:
        set_pool(session, "test", resource_id, 1000, messages.staff_id)
    messages.use(5)
    assert play(messages, 7) == "accepted"
    messages.world.work()
    session = messages.world.session
    assert session.scalars(select(UsagePool.used)).one() == 5
    assert used_now(session, "test", session.get_one(Resource, resource_id)) == 5
    today = select(ModeUsageDay.used).where(ModeUsageDay.resource_id == resource_id, ModeUsageDay.day == now().date())
    assert session.scalars(today).one() == 5
    with transaction() as session:
        set_pool(session, "test", resource_id, None, messages.staff_id)
        pool = set_pool(session, "test", resource_id, 1000, messages.staff_id)
        assert pool is not None
        assert pool.used == 5


def test_the_worker_bills_it_like_any_other(messages: Metered, two: Two) -> None:
    assert play(messages, 7) == "accepted"
    messages.world.work()
    messages.world.work()
    with full_transaction() as session:
        assert session.scalars(select(Entitlement).where(Entitlement.client_id == two.thrown.client_id)).one().plan_id
    assert [value for _, value in messages.at_stripe(two.thrown.customer)] == [7]


def test_nobody_is_told_of_it(messages: Metered, two: Two) -> None:
    """Neither the host platform, of any change at Stripe or here, nor by mail."""
    with full_transaction() as session:
        session.add(MailSettings(host="a.example", port=25, security="none", sender="a@a.example", updated_at=now()))
        before = session.scalar(select(func.max(OutgoingMessage.id))) or 0
    for subscribed in two:
        messages.sdk.v1.subscriptions.update(subscribed.subscription, {"cancel_at_period_end": True})
    messages.world.read_events()
    with full_transaction() as session:
        told = set(session.scalars(select(OutgoingMessage.client_id).where(OutgoingMessage.id > before)))
        assert not write_mail(session, two.thrown.client_id, "kind", "once", "Subject", "Body")
        assert write_mail(session, two.harbor.client_id, "kind", "once", "Subject", "Body")
    assert told == {two.harbor.client_id}


def test_its_customer_is_hidden_from_the_moment_it_is_on_its_clock(messages: Metered) -> None:
    """Before it is linked, too: then it would be a customer without a client, and its subscription one to adopt."""
    clock = messages.new_clock()
    made = messages.subscribe("Played", test_clock=clock)
    messages.world.read_events()
    assert hidden_rows(made.customer) == {Customer: False, Subscription: False, StripeEvent: False}
    with full_transaction() as session:
        session.delete(session.scalars(select(ClientCustomer)).one())
        rehearsal = add_rehearsal(session, made.account_id)
        add_life(session, rehearsal, messages.plan_id, stripe_test_clock_id=clock)
    assert hidden_rows(made.customer) == {Customer: True, Subscription: True, StripeEvent: True}
    assert not db.session().scalars(select(StripeEvent).where(StripeEvent.object_id == clock)).all()


def hidden_rows(customer: str) -> Mapping[type[Base], bool]:
    session = db.session()
    session.rollback()
    return {
        model: not session.scalars(select(model).where(model.stripe_customer_id == customer)).all()
        for model in (Customer, Subscription, StripeEvent)
    }
