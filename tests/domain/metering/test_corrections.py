"""A record that is taken back after it was sent: within a day, while the invoice is a draft, and too late."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.usage.taking_back import take_back
from billingportal.models import MeterEvent
from tests.support.metering.metered import START, Metered

# Properties and the storm run on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def take_it_back(messages: Metered, key: str) -> None:
    with transaction() as session:
        take_back(session, "test", key, "by mistake")


def age(hours: int) -> None:
    """Have everything that was sent be sent so many hours ago."""
    with transaction() as session:
        session.execute(update(MeterEvent).values(sent_at=now() - timedelta(hours=hours)))


def test_within_a_day_the_event_is_cancelled_and_the_rest_is_sent_anew(messages: Metered) -> None:
    messages.subscribe()
    key = messages.use(3)
    messages.use(4)
    messages.work()

    take_it_back(messages, key)
    messages.work()

    assert messages.states() == [("cancelled", 7), ("sent", 4)]


def test_later_a_negative_event_corrects_the_open_period(messages: Metered) -> None:
    paying = messages.subscribe()
    key = messages.use(3)
    messages.use(4)
    messages.work()
    age(24)

    take_it_back(messages, key)
    messages.work()

    assert [value for _, value in messages.at_stripe(paying.customer)] == [7, -3]
    (day,) = messages.days()
    assert (day.counted, day.sent) == (4, 4)


def test_after_the_invoice_the_correction_is_too_late(messages: Metered) -> None:
    test_clock = messages.new_clock()
    paying = messages.subscribe(test_clock=test_clock)
    key = messages.use(3)
    messages.work()
    messages.advance(test_clock, START + timedelta(days=31, hours=3))

    take_it_back(messages, key)
    messages.work()

    assert [value for _, value in messages.at_stripe(paying.customer)] == [3]
    assert [(value, state) for state, value in messages.states() if state != "confirmed"] == [(-3, "too_late")]
