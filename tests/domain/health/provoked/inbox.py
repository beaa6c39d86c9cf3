"""Findings about events from Stripe: arrival, delay, and what could not be applied."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.models import CatchUp, EventDestination, ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.models.connection.stripe_event import EventSource, EventState
from tests.domain.health.provoked.row import Deed, Provoked
from tests.support.health.checks import connect
from tests.support.stripe.worlds import World

Patch = pytest.MonkeyPatch


def in_inbox(
    state: EventState, source: EventSource = "webhook", late: timedelta = timedelta(0), age: timedelta = timedelta(0)
) -> Deed:
    """Three events that came some time ago, some time after they happened."""

    def deed(world: World, _: Patch) -> None:
        account_id, came = world.row().id, now() - age
        with transaction() as session:
            for number in range(3):
                session.add(
                    StripeEvent(
                        processor_account_id=account_id,
                        stripe_event_id=f"evt_{number}",
                        type="customer.created",
                        created_at=came - late,
                        received_at=came,
                        source=source,
                        state=state,
                        payload="{}",
                        attempted_at=came,
                    )
                )

    return deed


def settled(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(StripeEvent).values(state="applied"))


def an_hour_passes(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(StripeEvent).values(received_at=now() - timedelta(hours=2)))


def all_quiet(world: World) -> None:
    """Connected for an hour, and everything has been read up to now."""
    connect(world)
    with transaction() as session:
        hour_ago = now() - timedelta(hours=1)
        session.execute(update(ProcessorAccount).values(connected_at=hour_ago))
        session.execute(update(WebhookEndpoint).values(registered_at=hour_ago))
        session.execute(update(CatchUp).values(complete_up_to=now()))
        session.execute(update(EventDestination).values(read_up_to=now()))
        session.execute(delete(StripeEvent))


def fall_behind(_: World, __: Patch) -> None:
    with transaction() as session:
        late = now() - timedelta(hours=1)
        session.execute(update(CatchUp).values(complete_up_to=late, problem="Stripe could not be asked: no answer."))


def read_on(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(CatchUp).values(complete_up_to=now(), problem=None))


def leave_reports_unread(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(EventDestination).values(read_up_to=now() - timedelta(hours=1)))


def read_reports(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(EventDestination).values(read_up_to=now()))


HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=5)
ROWS = (
    Provoked(
        "inbox.failed",
        in_inbox("failed"),
        "3 events from Stripe could not be applied",
        "may be out of date",
        settled,
        all_quiet,
    ),
    Provoked(
        "inbox.waiting",
        in_inbox("pending", age=HOUR),
        "Waiting to be applied: 3 events from Stripe",
        "has waited since",
        settled,
        all_quiet,
    ),
    Provoked(
        "catch_up.behind",
        fall_behind,
        "complete only up to",
        "Stripe could not be asked: no answer.",
        read_on,
        all_quiet,
    ),
    Provoked(
        "destination.behind",
        leave_reports_unread,
        "Usage errors have not been read since",
        "would not be billed",
        read_reports,
        all_quiet,
    ),
    Provoked(
        "webhook.lag",
        in_inbox("applied", late=MINUTES),
        "Events come 5 minutes late",
        "Half of the last 3 took longer",
        an_hour_passes,
        all_quiet,
    ),
    Provoked(
        "webhook.silent",
        in_inbox("applied", source="catch-up", late=MINUTES),
        "3 events did not come through the webhook",
        "They were read from Stripe’s list",
        an_hour_passes,
        all_quiet,
    ),
)
