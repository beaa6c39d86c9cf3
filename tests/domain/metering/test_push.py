"""What waits is sent before a subscription changes: Stripe bills each unit at the price at which it was reported."""

from datetime import timedelta
from typing import Any, cast

import pytest

from billingportal.db import transaction
from billingportal.domain.metering.push import UseWaits, push_waiting
from billingportal.domain.plan_changes.cancellations import Cancelling, cancel, last_charge
from billingportal.domain.plan_changes.changes import Aged
from billingportal.domain.plan_changes.previews import Preview
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.models import Staff
from tests.support.catalog.catalog import Catalog
from tests.support.metering.metered import Metered
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import Subscribed, plan_of
from tests.support.people.forms import form_of
from tests.support.people.plan_changes import confirm, look

# Properties and the storm run on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

EVENTS = "/v1/billing/meter_events"


@pytest.fixture
def dearer(messages: Metered) -> int:
    """A plan by the same meter, at US$0.50 for each message; its id."""
    price = Catalog(messages.sdk).metered(messages.meter_id, unit_amount=50)
    resource_id = messages.resource_id()
    quotas = {resource_id: Limit(0, "bill")}
    return plan_of(messages.staff_id, messages.world.app, [Link(price, "usage", resource_id)], "Dearer", quotas=quotas)


def billed(messages: Metered, paying: Subscribed) -> list[tuple[int, int]]:
    """The quantity and amount of each metered line of all invoices and of what waits for the next."""
    params: Any = {"customer": paying.customer}
    lines = [line for one in messages.sdk.v1.invoices.list(params=params).data for line in one.lines.data]
    found = [(line.quantity or 0, line.amount) for line in lines]
    items = messages.sdk.v1.invoice_items.list(params=cast(Any, {"customer": paying.customer, "pending": True})).data
    return [*found, *((item.quantity, item.amount) for item in items)]


def test_a_unit_is_billed_at_the_price_at_which_it_was_used(messages: Metered, dearer: int) -> None:
    paying = messages.subscribe()
    messages.prepare()
    messages.use(5)

    confirm_until_made(paying.client_id, look(paying.client_id, dearer))
    messages.use(3)
    messages.work()

    assert (5, 100) in billed(messages, paying)
    assert [value for _, value in messages.at_stripe(paying.customer)] == [5, 3]
    assert {event.client_meter_id for event in messages.events()} == {messages.meters()[0].id}


def confirm_until_made(client_id: int, shown: Preview) -> None:
    """As people do: what was sent just now is in the next preview, which is confirmed again."""
    try:
        confirm(client_id, shown)
    except Aged as aged:
        confirm_until_made(client_id, aged.preview)


def test_use_that_cannot_be_sent_holds_a_change_up_with_words(
    messages: Metered, dearer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paying = messages.subscribe()
    messages.prepare()
    shown = look(paying.client_id, dearer)
    messages.use(5)
    monkeypatch.setattr("billingportal.domain.metering.push.LONGEST", 0.2)
    messages.world.sandbox.control("faults", kind="500", method="POST", path_prefix=EVENTS)

    with pytest.raises(UseWaits, match="1 report of use still waits"):
        confirm(paying.client_id, shown)

    (item,) = messages.sdk.v1.subscriptions.retrieve(paying.subscription)["items"].data
    assert item.price.id == messages.price_id
    assert messages.states() == [("due", 5)]


def test_cancelling_now_bills_what_was_not_sent_yet(messages: Metered) -> None:
    paying = messages.subscribe()
    messages.prepare()
    messages.use(7)
    push_waiting(transaction, messages.gateway, paying.client_id)

    charge = last_charge(transaction, messages.gateway, paying.client_id)
    cancel(transaction, messages.gateway, Cancelling(paying.client_id, at_once=True, shown=charge.shown))

    assert (7, 140) in billed(messages, paying)


def test_cancelling_at_the_end_sends_what_waits_first(messages: Metered) -> None:
    paying = messages.subscribe()
    messages.prepare()
    messages.use(7)

    cancel(transaction, messages.gateway, Cancelling(paying.client_id))

    assert [value for _, value in messages.at_stripe(paying.customer)] == [7]


def test_staff_may_cancel_without_what_cannot_be_sent(messages: Metered, monkeypatch: pytest.MonkeyPatch) -> None:
    paying = messages.subscribe()
    messages.prepare()
    messages.use(5)
    monkeypatch.setattr("billingportal.domain.metering.push.LONGEST", 0.2)
    messages.world.sandbox.control("faults", kind="500", method="POST", path_prefix=EVENTS)
    charge = last_charge(transaction, messages.gateway, paying.client_id)

    def cancel_now(**more: bool) -> None:
        wanted = Cancelling(
            paying.client_id, at_once=True, shown=charge.shown, staff_id=messages.staff_id, leaves_use=bool(more)
        )
        cancel(transaction, messages.gateway, wanted)

    with pytest.raises(UseWaits):
        cancel_now()
    assert messages.sdk.v1.subscriptions.retrieve(paying.subscription).status == "active"

    cancel_now(leaves_use=True)

    assert messages.sdk.v1.subscriptions.retrieve(paying.subscription).status == "canceled"


def test_only_staff_are_offered_to_leave_what_waits(
    messages: Metered, dearer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paying = messages.subscribe()
    messages.prepare()
    visitor = staff_visitor(messages)
    address = f"/saas/clients/{paying.client_id}/cancellation"
    form = form_of(visitor.get(address), "cancel-subscription").typed(when="now")
    messages.use(5)
    monkeypatch.setattr("billingportal.domain.metering.push.LONGEST", 0.2)
    messages.world.sandbox.control("faults", kind="500", method="POST", path_prefix=EVENTS)

    refused = form.send(visitor)

    assert refused.status_code == 422
    assert "1 report of use still waits" in text_of(refused)
    assert "Cancel without what waits" in text_of(refused)
    again = form_of(refused, "cancel-subscription").typed(when="now", leaves_use="1")
    assert again.send(visitor).status_code == 303
    assert messages.sdk.v1.subscriptions.retrieve(paying.subscription).status == "canceled"


def staff_visitor(messages: Metered) -> Visitor:
    app = messages.world.app
    app.testing, app.test_client_class = True, Visitor
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(messages.world.session.get_one(Staff, messages.staff_id))
    return visitor


def test_another_meter_takes_over_when_its_plan_does(messages: Metered) -> None:
    meter = Catalog(messages.sdk).meter("letters", "Letters")
    links = [Link(Catalog(messages.sdk).metered(meter, unit_amount=50), "usage", messages.resource_id())]
    quotas = {messages.resource_id(): Limit(0, "bill")}
    other = plan_of(messages.staff_id, messages.world.app, links, "By letter", quotas=quotas)
    messages.world.read_events()
    paying = messages.subscribe()
    messages.work()
    messages.use(5)
    confirm_until_made(paying.client_id, look(paying.client_id, other))
    messages.work()
    messages.use(3)
    messages.work()

    first, second = messages.meters()
    assert first.ends_at == second.begins_at
    assert (first.stripe_meter_id, second.stripe_meter_id) == (messages.meter_id, meter)
    found = messages.world.sandbox.objects(messages.world.stripe_account.id, "test", "billing.meter_event")
    assert [(one["event_name"], one["payload"]["value"]) for one in found] == [("messages", "5"), ("letters", "3")]

    messages.use(2, second.begins_at - timedelta(milliseconds=1))
    messages.work()

    assert [(event.value, event.client_meter_id) for event in messages.events() if event.state == "too_late"] == [
        (2, first.id)
    ]
