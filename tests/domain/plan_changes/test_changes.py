"""Changes of plan, made against the sandbox: what is shown is what is charged, and nothing holds before it is paid."""

from datetime import timedelta

import pytest

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import changes as plan_change_changes
from billingportal.domain.plan_changes import withdrawal
from billingportal.domain.plan_changes.planning import ChangeRequest
from billingportal.errors import Refusal
from billingportal.models import Client, SellingSettings
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.requests.subscriptions import Subscriptions
from tests.sandbox.clocks import advance, frozen, new_card, new_clock
from tests.support.people.clients import connection
from tests.support.people.plan_changes import (
    YEARLY,
    confirm,
    entitlement_of,
    look,
    move,
    move_of,
    wait_for_next_second,
)
from tests.support.people.stores import Store, open_store
from tests.support.stripe.portals import work
from tests.support.stripe.worlds import World
from tests.support.usage.reports import report_level

DAY = 24 * 3600


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def test_an_upgrade_costs_what_was_shown_and_holds_at_once(store: Store) -> None:
    client = store.subscribe(store.starter)

    shown, made = move(client.client_id, store.growth)

    invoice = store.invoices(client)[0]
    assert (made.state, shown.timing, shown.direction) == ("done", "now", "up")
    assert shown.charge is not None
    assert shown.due_minor == invoice.amount_due == invoice.amount_paid
    assert [line.amount.minor for line in shown.charge.lines] == [line.amount for line in invoice.lines.data]
    assert shown.renewal is not None
    assert shown.renewal.minor == 4900
    assert entitlement_of(client.client_id).plan_id == store.growth


def test_lines_are_in_plain_words(store: Store) -> None:
    client = store.subscribe(store.starter)

    shown = look(client.client_id, store.growth)

    assert shown.charge is not None
    first, second = sorted(shown.charge.lines, key=lambda line: line.amount.minor)
    assert first.words.startswith("Unused time of Starter, from ")
    assert second.words.startswith("Growth, from ")


def test_the_same_preview_confirmed_twice_is_one_change(store: Store) -> None:
    client = store.subscribe(store.starter)
    shown = look(client.client_id, store.growth)

    first, second = confirm(client.client_id, shown), confirm(client.client_id, shown)

    assert first == second
    assert len(store.invoices(client)) == 2


def test_what_the_client_has_already_is_no_change(store: Store) -> None:
    client = store.subscribe(store.starter)

    with pytest.raises(Refusal, match="what Harbor Dental has already"):
        look(client.client_id, store.starter)


def test_a_declined_card_keeps_the_old_plan_and_says_why(store: Store) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")

    _, made = move(client.client_id, store.growth)

    subscription = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert made.state == "declined"
    assert "declined" in made.problem
    assert subscription.pending_update is None
    assert store.invoices(client)[0].status == "void"
    assert entitlement_of(client.client_id).plan_id == store.starter

    new_card(store.sdk, client.customer, "pm_card_visa")
    wait_for_next_second()  # a preview of the same second is the same preview
    _, again = move(client.client_id, store.growth)
    assert again.state == "done"


def test_a_declined_change_that_is_paid_before_it_is_dropped_is_made(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    void = Subscriptions.give_up_invoice

    def pay_first(subscriptions: Subscriptions, invoice_id: str) -> None:
        new_card(store.sdk, client.customer, "pm_card_visa")
        store.sdk.v1.invoices.pay(invoice_id)
        void(subscriptions, invoice_id)

    monkeypatch.setattr(Subscriptions, "give_up_invoice", pay_first)
    _, made = move(client.client_id, store.growth)

    assert store.invoices(client)[0].status == "paid"
    assert made.state == "done"
    assert entitlement_of(client.client_id).plan_id == store.growth


def test_a_bank_that_asks_makes_the_change_wait_until_it_is_paid(store: Store) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_authenticationRequired")

    _, made = move(client.client_id, store.growth)

    assert made.state == "waiting"
    assert entitlement_of(client.client_id).plan_id == store.starter

    new_card(store.sdk, client.customer, "pm_card_visa")
    store.sdk.v1.invoices.pay(str(made.preview["invoice"]))
    store.refresh(client)
    assert move_of(made.id).state == "done"
    assert entitlement_of(client.client_id).plan_id == store.growth


def test_a_waiting_change_can_be_called_off(store: Store) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_authenticationRequired")
    _, made = move(client.client_id, store.growth)

    _, gateway = connection()
    assert withdrawal.withdraw_change(transaction, gateway, client.client_id, staff_id=None)

    assert move_of(made.id).state == "canceled"
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).pending_update is None
    assert entitlement_of(client.client_id).plan_id == store.starter


def test_several_items_change_in_one_call_and_use_is_billed_at_the_switch(store: Store) -> None:
    quantities = {"contacts": 1200}
    client = store.subscribe(store.scale, quantities=quantities)
    store.sdk.v1.billing.meter_events.create(
        params={"event_name": "contacts_used", "payload": {"stripe_customer_id": client.customer, "value": "70"}}
    )

    shown, made = move(client.client_id, store.scale, Selection(("month", 1), "usd", {"contacts": 3000}))
    assert made.state == "done"
    assert shown.due_minor == store.invoices(client)[0].amount_due
    assert sorted(number or 0 for number in store.held(client).values()) == [0, 1, 3000]
    assert entitlement_of(client.client_id).quotas[0].quota == 3000


def test_use_is_billed_when_its_price_goes(store: Store) -> None:
    with transaction() as session:
        session.add(SellingSettings(id=1, allows_downgrade_at_once=True, updated_at=clock.now()))
    client = store.subscribe(store.scale, quantities={"contacts": 1200})
    store.sdk.v1.billing.meter_events.create(
        params={"event_name": "contacts_used", "payload": {"stripe_customer_id": client.customer, "value": "70"}}
    )

    shown, made = move(client.client_id, store.growth, timing="now")

    assert made.state == "done"
    assert shown.charge is not None
    assert [line.amount.minor for line in shown.charge.lines if line.is_usage] == [210]
    assert shown.total_minor == store.invoices(client)[0].total
    assert len(store.held(client)) == 1


def test_paying_by_the_year_starts_a_year_now(store: Store) -> None:
    client = store.subscribe(store.growth)

    shown, made = move(client.client_id, store.growth, YEARLY)

    assert (made.state, shown.direction) == ("done", "up")
    assert shown.due_minor == store.invoices(client)[0].amount_due
    assert shown.renews_at is not None
    assert shown.renews_at - clock.now() > timedelta(days=360)


def test_a_downgrade_comes_with_the_next_period(store: Store) -> None:
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, test_clock=test_clock)

    shown, made = move(client.client_id, store.starter)

    assert (shown.timing, shown.charge, shown.timings) == ("renewal", None, ("renewal",))
    assert made.state == "scheduled"
    assert entitlement_of(client.client_id).plan_id == store.growth
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 33 * DAY)
    store.refresh(client, test_clock)
    assert move_of(made.id).state == "done"
    assert entitlement_of(client.client_id).plan_id == store.starter
    assert shown.renewal is not None
    assert store.invoices(client)[0].total == shown.renewal.minor == 1900


def test_a_planned_downgrade_can_be_called_off(store: Store) -> None:
    client = store.subscribe(store.growth)
    _, made = move(client.client_id, store.starter)

    _, gateway = connection()
    assert withdrawal.withdraw_change(transaction, gateway, client.client_id, staff_id=None)

    assert move_of(made.id).state == "canceled"
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).schedule is None


def test_another_change_takes_the_place_of_a_planned_one(store: Store) -> None:
    client = store.subscribe(store.growth)
    _, planned = move(client.client_id, store.starter)

    _, made = move(client.client_id, store.scale, Selection(("month", 1), "usd", {"contacts": 10}))

    assert (move_of(planned.id).state, made.state) == ("canceled", "done")
    assert entitlement_of(client.client_id).plan_id == store.scale


def test_what_the_client_would_be_over_is_shown(store: Store) -> None:
    client = store.subscribe(store.growth)
    with transaction() as session:
        row = session.get_one(Client, client.client_id)
        workspace = workspaces.create_workspace(session, row, "Main", None, author=by_staff(None))
        report_level(session, workspace, store.contacts, 250)

    (over,) = look(client.client_id, store.starter).over

    assert (over.used, over.quota) == (250, 100)


def test_a_preview_that_aged_is_shown_again(store: Store) -> None:
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.starter, test_clock=test_clock)
    shown = look(client.client_id, store.growth)

    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 11 * 60)
    store.refresh(client, test_clock)
    with pytest.raises(plan_change_changes.Aged) as aged:
        confirm(client.client_id, shown)

    assert aged.value.preview.prorated_at - shown.prorated_at == timedelta(minutes=11)
    assert len(store.invoices(client)) == 1


def test_what_costs_something_else_now_is_shown_again(store: Store) -> None:
    client = store.subscribe(store.starter)
    shown = look(client.client_id, store.growth)

    item = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data[0]
    store.sdk.v1.subscriptions.update(client.subscription, params={"items": [{"id": item.id, "quantity": 2}]})
    store.refresh(client)

    with pytest.raises(plan_change_changes.Aged):
        confirm(client.client_id, shown)


def test_when_stripe_does_not_answer_the_worker_asks_again(store: Store) -> None:
    client = store.subscribe(store.starter)
    shown = look(client.client_id, store.growth)
    with transaction() as session:
        request = ChangeRequest(client.client_id, shown.plan.id, shown.selection, shown.timing)
        row, is_new = plan_change_changes.record_intent(session, request, shown)
        row.created_at -= timedelta(minutes=1)
        move_id = row.id
    assert is_new

    work(store.app)

    assert move_of(move_id).state == "done"
    assert entitlement_of(client.client_id).plan_id == store.growth
