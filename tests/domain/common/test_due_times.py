"""Leases, retries and marks that were stamped by a clock that has been set back since."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.common import evaluation_queue
from billingportal.domain.connection import maintenance
from billingportal.domain.entitlements import evaluation
from billingportal.domain.mail import delivery as mail_delivery
from billingportal.domain.sync import catch_up as sync_catch_up
from billingportal.domain.sync import inbox, reconciliation
from billingportal.models import CatchUp, Client, OutgoingMail, ProcessorAccount, StripeEvent
from billingportal.models.connection.stripe_event import EventState
from tests.support.people.clients import new_client
from tests.support.stripe import events
from tests.support.stripe.worlds import World

BACK = pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)], ids=["an hour", "a day"])
# Within this the clock was not set back: it is a lease or a pause like any other.
LONGEST_LEASE = timedelta(minutes=10)


@pytest.fixture
def world(world: World) -> World:
    """Connected, with one event, one email and one client."""
    world.connect()
    world.work()
    assert world.deliver(events.event("customer.updated", events.customer(balance="much"), previous={})) == 200
    client_id = new_client()
    with transaction() as session:
        mail = OutgoingMail(
            client_id=client_id,
            occasion="first",
            kind="news",
            subject="News",
            body="All is well.",
            state="waiting",
            problem="",
            created_at=clock.now(),
            next_attempt_at=clock.now(),
        )
        session.add(mail)
    return world


def events_due(moment: datetime) -> bool:
    due = select(StripeEvent.id).where(StripeEvent.state.in_(inbox.WAITING), reconciliation.is_due_now(moment))
    return bool(db.session().scalars(due).all())


def mails_due(moment: datetime) -> bool:
    return bool(db.session().scalars(select(OutgoingMail.id).where(mail_delivery.is_due_now(moment))).all())


def failed_event(state: EventState, attempts: int, pause: timedelta) -> Callable[[datetime], None]:
    """Stamps the event with a pause from a moment on."""

    def stamp(moment: datetime) -> None:
        with transaction() as session:
            event = session.scalars(select(StripeEvent)).one()
            event.state, event.attempts, event.next_attempt_at = state, attempts, moment + pause

    return stamp


EVENTS = {
    "leased": failed_event("pending", 1, reconciliation.LEASE),
    "failed once": failed_event("failed", 1, timedelta(seconds=5)),
    "failed often": failed_event("failed", 4, timedelta(minutes=10)),
}


@BACK
@pytest.mark.parametrize("wait", EVENTS)
def test_an_event_waits_no_longer_than_its_pause(world: World, back: timedelta, wait: str) -> None:
    moment = clock.now()
    EVENTS[wait](moment)
    assert not events_due(moment)
    assert not events_due(moment - timedelta(seconds=50))
    assert events_due(moment + timedelta(minutes=11))
    assert events_due(moment - back)
    assert [row.next_attempt_at for row in world.events()] != [None]


@BACK
@pytest.mark.parametrize(("attempts", "pause"), [(0, mail_delivery.LEASE), (1, mail_delivery.PAUSES[0])])
@pytest.mark.usefixtures("world")
def test_an_email_waits_no_longer_than_its_pause(back: timedelta, attempts: int, pause: timedelta) -> None:
    moment = clock.now()
    with transaction() as session:
        mail = session.scalars(select(OutgoingMail)).one()
        mail.attempts, mail.next_attempt_at = attempts, moment + pause
    assert not mails_due(moment)
    assert not mails_due(moment - timedelta(seconds=50))
    assert mails_due(moment - back)


@BACK
def test_checks_and_catch_up_go_on(world: World, back: timedelta) -> None:
    ahead = clock.now() + back

    def stamp(check: datetime, catch_up: datetime) -> None:
        with transaction() as session:
            session.scalars(select(ProcessorAccount)).one().next_check_at = check
            session.scalars(select(CatchUp)).one().next_run_at = catch_up

    stamp(ahead + maintenance.LEASE, ahead + sync_catch_up.LEASE)
    assert maintenance.claim_due(transaction) == sync_catch_up.claim_due(transaction) == [world.row().id]
    assert maintenance.claim_due(transaction) == sync_catch_up.claim_due(transaction) == []
    stamp(clock.now() + maintenance.CHECK_EVERY, clock.now() + sync_catch_up.LONGEST_PAUSE)
    assert maintenance.claim_due(transaction) == sync_catch_up.claim_due(transaction) == []


@BACK
def test_whoever_was_marked_by_a_clock_ahead_is_evaluated_at_once(world: World, back: timedelta) -> None:
    with transaction() as session:
        client = session.scalars(select(Client)).one()
        evaluation_queue.mark_bases(session)
    assert evaluation.due_clients(world.session, clock.now() - back) == [client.id]
