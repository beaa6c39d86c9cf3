"""Cards and test clocks that no list shows are asked for, once a client has them."""

import pytest
from sqlalchemy import select

from billingportal import models
from billingportal.db import transaction
from billingportal.domain.clients.missing_objects import fetch_missing
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER
from tests.support.people.clients import connection, link_customer, new_client
from tests.support.stripe.worlds import World


@pytest.mark.parametrize("has_clock", [False, True])
def test_what_a_client_has_and_no_list_shows_is_asked_for(world: World, has_clock: bool) -> None:
    world.connect()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    test_clock = sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": 1_893_456_000}).id
    customer = sdk.v1.customers.create(
        params={
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
            **({"test_clock": test_clock} if has_clock else {}),
        }
    )
    account, gateway = connection()
    link_customer(new_client(), account.id, customer.id)
    reconciliation.refresh(transaction, gateway, account.id, CUSTOMER, customer.id)

    assert fetch_missing(transaction, gateway, account.id) == (2 if has_clock else 1)
    assert world.session.scalars(select(models.PaymentMethod.last_four)).all() == ["4242"]
    assert bool(world.session.scalars(select(models.TestClock.frozen_at)).all()) is has_clock
    assert fetch_missing(transaction, gateway, account.id) == 0
