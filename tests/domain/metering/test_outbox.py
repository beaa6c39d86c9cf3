"""What was counted becomes meter events, each sent once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.entitlements import evaluation
from billingportal.domain.usage.taking_back import take_back
from billingportal.models import Invoice, MeterEvent
from tests.support.metering.metered import START, Metered


def test_what_a_client_used_is_sent_once(messages: Metered) -> None:
    paying = messages.subscribe()
    messages.use(3)
    messages.use(4)

    messages.work()
    messages.work()

    assert [value for _, value in messages.at_stripe(paying.customer)] == [7]
    assert messages.states() == [("sent", 7)]
    (day,) = messages.days()
    assert (day.counted, day.prepared, day.sent, day.waiting, day.rejected) == (7, 7, 7, 0, 0)


def test_use_of_both_sides_of_a_periods_end_is_sent_apart(messages: Metered) -> None:
    test_clock = messages.new_clock()
    paying = messages.subscribe(test_clock=test_clock)
    end = START + timedelta(days=31)
    messages.advance(test_clock, end - timedelta(minutes=10))
    messages.use(5, end - timedelta(minutes=20))
    messages.advance(test_clock, end + timedelta(minutes=20))
    messages.use(7, end - timedelta(minutes=5))
    messages.use(11, end + timedelta(minutes=5))

    messages.work()

    assert messages.total_at_stripe(paying.customer, START, end) == 12
    assert messages.total_at_stripe(paying.customer, end, end + timedelta(days=1)) == 11


def test_use_that_comes_after_the_invoice_is_kept_as_too_late(messages: Metered) -> None:
    test_clock = messages.new_clock()
    paying = messages.subscribe(test_clock=test_clock)
    end = START + timedelta(days=31)
    messages.use(5)
    messages.work()
    messages.advance(test_clock, end + timedelta(hours=3))

    messages.use(7, end - timedelta(minutes=5))
    messages.work()
    messages.use(2, end - timedelta(minutes=5))
    messages.work()

    assert messages.total_at_stripe(paying.customer, START, end) == 5
    assert [(value, state) for state, value in messages.states() if state != "confirmed"] == [(9, "too_late")]


def test_a_record_that_is_taken_back_before_it_was_sent_is_never_sent(messages: Metered) -> None:
    paying = messages.subscribe()
    key = messages.use(3)
    messages.use(4)
    messages.prepare()

    with transaction() as session:
        take_back(session, "test", key, "by mistake")
    messages.work()

    assert [value for _, value in messages.at_stripe(paying.customer)] == [4]


def test_an_event_whose_answer_was_lost_is_sent_again_under_the_same_identifier(messages: Metered) -> None:
    paying = messages.subscribe()
    messages.use(3)
    prefix = "/v1/billing/meter_events"
    for kind, applied in (("429", False), ("500", True), ("drop", True), ("500", False)):
        messages.world.sandbox.control("faults", kind=kind, method="POST", path_prefix=prefix, count=1, applied=applied)

    messages.prepare()
    for _ in range(6):
        messages.deliver()

    assert [value for _, value in messages.at_stripe(paying.customer)] == [3]
    (event,) = messages.events()
    assert event.state == "sent"
    assert event.attempts == 5


def test_an_answer_that_was_lost_a_day_ago_leaves_a_doubt(messages: Metered) -> None:
    messages.subscribe()
    messages.use(3)
    messages.prepare()
    with transaction() as session:
        event = session.scalars(select(MeterEvent)).one()
        event.attempts, event.first_sent_at = 1, now() - timedelta(hours=21)

    messages.deliver()

    assert messages.states() == [("in_doubt", 3)]


@pytest.mark.parametrize(("kind", "is_doubtful"), [("429", False), ("500", True), ("drop", True)])
def test_only_a_call_that_stripe_may_have_taken_leads_to_a_doubt(
    messages: Metered, kind: str, is_doubtful: bool
) -> None:
    messages.subscribe()
    messages.use(3)
    messages.prepare()
    messages.world.sandbox.control("faults", kind=kind, method="POST", path_prefix="/v1/billing/meter_events", count=1)

    messages.deliver()

    (event,) = messages.events()
    assert (event.state, event.attempts) == ("due", 1)
    assert (event.first_sent_at is not None) == is_doubtful


def test_use_is_sent_after_all_when_its_invoice_comes_late_and_is_a_draft(messages: Metered) -> None:
    test_clock = messages.new_clock()
    paying = messages.subscribe(test_clock=test_clock)
    end = START + timedelta(days=31)
    messages.use(5)
    messages.work()
    messages.advance(test_clock, end + timedelta(minutes=30))
    with transaction() as session:  # as if Stripe had made it long ago, and it was final
        invoice = session.scalars(select(Invoice).where(Invoice.period_ends_at == end)).one()
        finalizes_at, invoice.automatically_finalizes_at = invoice.automatically_finalizes_at, end
    messages.use(7, end - timedelta(minutes=5))
    messages.work()
    assert messages.states()[-1] == ("too_late", 7)

    with transaction() as session:
        session.get_one(Invoice, invoice.id).automatically_finalizes_at = finalizes_at
        evaluation.evaluate(session, paying.client_id)
    messages.work()

    assert messages.total_at_stripe(paying.customer, START, end) == 12
