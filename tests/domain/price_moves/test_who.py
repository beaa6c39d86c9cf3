"""Who is moved: everyone who pays the retired price, but those who cannot be moved, were promised it, or stay."""

from datetime import date, timedelta

import pytest

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.price_moves import exceptions, moves, undo
from billingportal.errors import Conflict
from billingportal.models import PriceException
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.edits import sell_by
from tests.support.people.raises import Raise

# Where the database decides nothing.
ONE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@ONE
def test_who_cannot_be_moved_is_shown_with_the_reason_and_stays(raised: Raise) -> None:
    good, ending = raised.subscribe("Good"), raised.subscribe("Ending")
    taken = raised.subscribe("Taken")
    raised.raise_price()
    raised.sdk.v1.subscriptions.update(ending.subscription, {"cancel_at_period_end": True})
    raised.sdk.v1.subscription_schedules.create({"from_subscription": taken.subscription})
    for client in (ending, taken):
        raised.happens(client)

    move_id = raised.planned()

    rows = {row.client_id: row for row in raised.rows(move_id)}
    assert {one: row.state for one, row in rows.items()} == {
        good.client_id: "scheduled",
        ending.client_id: "stays",
        taken.client_id: "stays",
    }
    assert "ends on" in rows[ending.client_id].reason
    assert rows[taken.client_id].reason == "A change is planned already."
    assert len(raised.mails()) == 1


@ONE
def test_a_client_with_an_exception_stays_also_in_a_later_move(raised: Raise) -> None:
    raised.subscribe("Moves")
    kept = raised.subscribe("Studio Nord")
    raised.raise_price()
    move_id = raised.begin()
    with transaction() as session:
        row = next(one for one in moves.rows_of(session, move_id) if one.client_id == kept.client_id)
        exceptions.promise(session, row, "Founding customer", date(2099, 12, 31), staff_id=raised.staff_id)
    raised.choose(move_id)
    raised.work()
    raised.confirm(move_id)
    raised.work()
    assert raised.states(move_id) == ["scheduled", "stays"]
    with transaction() as session:
        undo.ask_undo(session, move_id, None, staff_id=raised.staff_id)
    raised.work()

    later = raised.begin()
    assert later != move_id
    assert [(row.state, row.reason) for row in raised.rows(later)] == [
        ("chosen", ""),
        ("stays", "Founding customer, until 31 December 2099"),
    ]
    with transaction() as session:
        session.query(PriceException).one().until = clock.now().date() - timedelta(days=1)
    with transaction() as session:
        for row in moves.rows_of(session, later):
            session.delete(row)
    assert raised.begin() == later
    assert raised.states(later) == ["chosen", "chosen"]


@ONE
def test_all_but_three_of_many(raised: Raise) -> None:
    clients = [raised.subscribe(f"Client {number}") for number in range(7)]
    raised.raise_price()
    move_id = raised.begin()
    with transaction() as session:
        shown = [one.client_id for one in clients[:4]]
        moves.choose_clients(session, move_id, shown, shown[3:])
    raised.choose(move_id)
    raised.work()
    raised.confirm(move_id)
    raised.work()

    assert raised.states(move_id) == ["stays"] * 3 + ["scheduled"] * 4
    assert len(raised.schedules()) == len(raised.mails()) == 4


@ONE
def test_nothing_is_sold_in_place_of_the_price(raised: Raise) -> None:
    raised.subscribe()
    yearly = Catalog(raised.sdk).price(unit_amount=19000, recurring={"interval": "year"})
    sell_by(raised.world.app, raised.staff_id, raised.plan_id, Link(yearly, "flat"))

    with pytest.raises(Conflict, match="Add the new price first"):
        raised.begin()
