"""Stripe announces an invoice: what the client used is prepared at once."""

import pytest
from sqlalchemy import update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.metering import client_meters, preparation
from billingportal.jobs.entitlements import evaluate_clients
from billingportal.models import ClientMeter, StripeEvent
from billingportal.portal import current_portal
from tests.support.metering.metered import Metered
from tests.support.stripe import events

# Properties and the storm run on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_an_announced_invoice_has_use_prepared_before_its_minute_is_over(messages: Metered) -> None:
    paying = messages.subscribe()
    messages.work()
    with transaction() as session:
        session.execute(update(ClientMeter).values(prepared_at=now()))
    messages.use(3)
    preparation.prepare_due(transaction)
    assert messages.events() == []

    message = events.event("invoice.upcoming", {"object": "invoice", "customer": paying.customer})
    assert messages.world.deliver(message) == 200
    evaluate_clients(current_portal())
    client_meters.follow_due(transaction)
    preparation.prepare_due(transaction)

    assert messages.states() == [("due", 3)]
    event = messages.world.events()[-1]
    assert isinstance(event, StripeEvent)
    assert (event.type, event.state) == ("invoice.upcoming", "applied")
