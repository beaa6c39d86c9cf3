"""One trial for each person, who is an email address in any spelling."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER, SUBSCRIPTION
from billingportal.models import Client
from billingportal.models.auth.staff import Staff
from tests.support.people.checkouts import Till, furnish, start
from tests.support.people.clients import connection, link_customer, new_client
from tests.support.stripe.worlds import World

OPEN = 900  # the price of Trial, without its trial


@pytest.fixture
def till(world: World, owner: Staff) -> Till:
    world.connect()
    return Till(world.sandbox, world.stripe_account)


@pytest.fixture
def plan_id(world: World, till: Till, owner: Staff) -> int:
    return furnish(world.app, till, owner.id)["Trial"]


def subscribe_once(till: Till, plan_price: int, email: str) -> str:
    """A customer at Stripe who had a subscription that has ended, as the portal has read it; its id."""
    api = till.sandbox.client(till.account.test_key).v1
    customer = api.customers.create(params={"email": email, "name": "Quayside Dental"}).id
    price = next(one.id for one in api.prices.list(params={"limit": 100}).data if one.unit_amount == plan_price)
    params = {"customer": customer, "items": [{"price": price}], "trial_period_days": 3}
    subscription = api.subscriptions.create(params=cast(Any, params)).id
    api.subscriptions.cancel(subscription)
    account, gateway = connection()
    reconciliation.refresh(transaction, gateway, account.id, CUSTOMER, customer)
    reconciliation.refresh(transaction, gateway, account.id, SUBSCRIPTION, subscription)
    return customer


def due_at_checkout(till: Till, client_id: int, plan_id: int) -> int:
    start(client_id, plan_id)
    (opened,) = till.sessions("open")
    return int(opened["amount_total"])


def as_customer(till: Till, email: str) -> None:
    subscribe_once(till, OPEN, email)


def as_client(till: Till, email: str) -> None:
    account, _ = connection()
    link_customer(new_client("Quayside before", email), account.id, subscribe_once(till, OPEN, "bills@else.example"))


def as_archived_client(till: Till, email: str) -> None:
    as_client(till, email)
    with transaction() as session:
        session.query(Client).filter_by(name="Quayside before").one().archive(clock.now())


@pytest.mark.parametrize("before", [as_customer, as_client, as_archived_client])
@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("front@quayside.example", "front@quayside.example"),
        ("Front@Quayside.EXAMPLE", "front@quayside.example"),
        ("praxis@xn--rzte-koa.example", "praxis@ärzte.example"),
        ("Praxis@XN--RZTE-KOA.example", "praxis@ärzte.example"),
    ],
)
def test_a_person_has_one_trial(
    till: Till, plan_id: int, before: Callable[[Till, str], None], known: str, typed: str
) -> None:
    before(till, known)

    assert due_at_checkout(till, new_client("Quayside Dental", typed), plan_id) == OPEN


@pytest.mark.parametrize("before", [as_customer, as_client])
@pytest.mark.parametrize("known", ["front.desk@quayside.example", "front+b@quayside.example", "front@quayside.test"])
def test_another_person_has_a_trial(till: Till, plan_id: int, before: Callable[[Till, str], None], known: str) -> None:
    before(till, known)

    assert due_at_checkout(till, new_client("Quayside Dental", "front@quayside.example"), plan_id) == 0
