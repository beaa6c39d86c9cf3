"""The client's customer at Stripe: made once, whoever asks, and made anew when somebody deleted it there."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from billingportal.db import transaction
from billingportal.domain.clients.stripe_customers import customer_for
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER
from billingportal.models import ClientCustomer, Customer
from billingportal.stripe_gateway.errors import StripeUnreachable
from tests.support.people.clients import connection, new_client
from tests.support.stripe.worlds import World

CALLERS = 4


def at_stripe(world: World) -> list[str]:
    found = world.sandbox.objects(world.stripe_account.id, "test", "customer")
    return [one["id"] for one in found if not one.get("deleted")]


def ask(client_id: int) -> str:
    account, gateway = connection()
    return customer_for(transaction, gateway, account.id, client_id)


def test_the_customer_has_the_clients_name_address_and_a_label(world: World) -> None:
    world.connect()
    client_id = new_client("Quayside Dental", "front@quayside.example")
    made = ask(client_id)
    assert ask(client_id) == made
    (known,) = world.sandbox.objects(world.stripe_account.id, "test", "customer")
    assert (known["id"], known["name"], known["email"]) == (made, "Quayside Dental", "front@quayside.example")
    assert known["metadata"] == {"billing_portal_client": str(client_id)}
    row = world.session.scalars(select(Customer)).one()
    assert (row.stripe_customer_id, row.email) == (made, "front@quayside.example")


def test_callers_at_once_end_in_one_customer(world: World) -> None:
    world.connect()
    client_id = new_client()
    together = Barrier(CALLERS)

    def caller(_: int) -> str:
        with world.app.app_context():
            together.wait()
            return ask(client_id)

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = set(pool.map(caller, range(CALLERS)))
    assert answers == set(at_stripe(world))
    assert len(answers) == 1
    assert len(world.session.scalars(select(ClientCustomer)).all()) == 1


def test_a_customer_that_was_deleted_at_stripe_is_made_anew(world: World) -> None:
    world.connect()
    client_id = new_client()
    first = ask(client_id)
    world.sandbox.client(world.stripe_account.test_key).v1.customers.delete(first)
    account, gateway = connection()
    reconciliation.refresh(transaction, gateway, account.id, CUSTOMER, first)
    second = ask(client_id)
    assert second != first
    assert at_stripe(world) == [second]
    assert world.session.scalars(select(ClientCustomer.stripe_customer_id)).all() == [second]


def test_a_lost_answer_makes_no_second_customer(world: World) -> None:
    world.connect()
    client_id = new_client()
    world.sandbox.control("faults", kind="drop", count=2, path_prefix="/v1/customers", applied=True)
    with pytest.raises(StripeUnreachable):
        ask(client_id)
    assert ask(client_id) in at_stripe(world)
    assert len(at_stripe(world)) == 1
