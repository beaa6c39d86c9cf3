"""A price move is undone for one client or for all, until it happens; the client may still change its plan."""

import pytest

from billingportal.db import transaction
from billingportal.domain.plan_changes import cancellations, withdrawal
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plans.price_links import Link
from billingportal.domain.price_moves import steps, undo
from billingportal.errors import Refusal
from tests.sandbox.clocks import new_card, new_clock
from tests.support.catalog.catalog import Catalog
from tests.support.people.clients import connection, plan_of
from tests.support.people.plan_changes import move
from tests.support.people.raises import Raise

# Where the database decides nothing.
ONE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def another_plan(raised: Raise) -> int:
    """A dearer plan; its id."""
    price = Catalog(raised.sdk).price(unit_amount=9900)
    return plan_of(raised.staff_id, raised.world.app, [Link(price, "flat")], "Dear")


def test_undoing_after_the_email_says_that_the_price_stays(raised: Raise) -> None:
    client = raised.subscribe()
    raised.raise_price()
    move_id = raised.planned()

    with transaction() as session:
        undo.ask_undo(session, move_id, None, staff_id=raised.staff_id)
    for _ in range(2):
        raised.work()

    assert (raised.states(move_id), raised.move(move_id).state) == (["undone"], "ended")
    assert [one.status for one in raised.schedules()] == ["released"]
    assert [mail.subject for mail in raised.mails()][1:] == ["The price of your Growth plan stays"]
    assert raised.price(client) == raised.old
    assert raised.begin() != move_id


@ONE
def test_undoing_before_anything_was_made_sends_nothing(raised: Raise) -> None:
    raised.subscribe()
    raised.raise_price()
    move_id = raised.confirmed()

    with transaction() as session:
        undo.ask_undo(session, move_id, None, staff_id=raised.staff_id)
    raised.work()

    assert (raised.states(move_id), raised.schedules(), raised.mails()) == (["undone"], [], [])


def test_undoing_while_stripe_is_asked_leaves_no_schedule(raised: Raise) -> None:
    raised.subscribe()
    raised.raise_price()
    move_id = raised.confirmed()
    _, gateway = connection()
    (row,) = raised.rows(move_id)
    row_id = row.id
    raised.world.session.rollback()
    steps.record_intent(transaction, gateway, row_id)

    with transaction() as session:
        undo.ask_undo(session, move_id, row_id, staff_id=raised.staff_id)
    raised.work()

    assert raised.states(move_id) == ["undone"]
    assert [one.status for one in raised.schedules()] == ["released"]


@ONE
def test_what_has_happened_is_not_undone(raised: Raise) -> None:
    test_clock = new_clock(raised.sdk)
    client = raised.subscribe(test_clock=test_clock)
    raised.raise_price()
    move_id = raised.planned()
    raised.pass_days(client, test_clock, 31)

    with transaction() as session:
        undo.ask_undo(session, move_id, None, staff_id=raised.staff_id)
    raised.work()

    assert (raised.states(move_id), len(raised.mails())) == (["moved"], 1)
    assert raised.price(client) == raised.new


def test_a_client_cannot_call_off_its_new_price_but_may_cancel(raised: Raise) -> None:
    client = raised.subscribe()
    raised.raise_price()
    move_id = raised.planned()
    _, gateway = connection()

    with pytest.raises(Refusal, match="price"):
        withdrawal.withdraw_own(transaction, gateway, client.client_id)
    assert raised.states(move_id) == ["scheduled"]

    cancellations.cancel(transaction, gateway, Cancelling(client.client_id))
    raised.work()
    (row,) = raised.rows(move_id)
    assert (row.state, row.problem) == ("undone", "Changed by the client.")
    assert [one.status for one in raised.schedules()] == ["released"]
    assert len(raised.mails()) == 1


@ONE
def test_calling_it_off_on_the_clients_page_says_that_the_price_stays_too(raised: Raise) -> None:
    client = raised.subscribe()
    raised.raise_price()
    move_id = raised.planned()
    _, gateway = connection()

    withdrawal.withdraw_planned(transaction, gateway, client.client_id, staff_id=raised.staff_id)
    raised.work()

    (row,) = raised.rows(move_id)
    assert (row.state, row.problem) == ("undone", "Called off, here or in Stripe.")
    assert len(raised.mails()) == 2


def test_a_price_move_stays_when_the_clients_own_change_is_declined(raised: Raise) -> None:
    dear = plan_of(
        raised.staff_id, raised.world.app, [Link(Catalog(raised.sdk).price(unit_amount=9900), "flat")], "Dear"
    )
    test_clock = new_clock(raised.sdk)
    client = raised.subscribe(test_clock=test_clock)
    raised.raise_price()
    move_id = raised.planned()
    new_card(raised.sdk, client.customer, "pm_card_chargeCustomerFail")

    _, made = move(client.client_id, dear)
    raised.work()

    assert made.state == "declined"
    assert (raised.states(move_id), len(raised.mails())) == (["scheduled"], 1)
    new_card(raised.sdk, client.customer, "pm_card_visa")
    raised.pass_days(client, test_clock, 31)
    raised.work()
    assert (raised.states(move_id), raised.price(client), len(raised.mails())) == (["moved"], raised.new, 1)


@ONE
def test_while_the_clients_own_change_waits_for_its_payment_nobody_is_told_that_the_price_stays(raised: Raise) -> None:
    dear = plan_of(
        raised.staff_id, raised.world.app, [Link(Catalog(raised.sdk).price(unit_amount=9900), "flat")], "Dear"
    )
    client = raised.subscribe()
    raised.raise_price()
    move_id = raised.planned()
    new_card(raised.sdk, client.customer, "pm_card_authenticationRequired")

    _, made = move(client.client_id, dear)
    raised.work()
    assert (made.state, raised.states(move_id), len(raised.mails())) == ("waiting", ["scheduled"], 1)

    new_card(raised.sdk, client.customer, "pm_card_visa")
    raised.sdk.v1.invoices.pay(str(made.preview["invoice"]))
    raised.happens(client)
    raised.work()
    assert (raised.states(move_id), len(raised.mails())) == (["undone"], 1)
