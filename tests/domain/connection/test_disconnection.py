"""Letting an account go, and connecting accounts and keys anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from billingportal.db import transaction
from billingportal.domain.connection import credentials, disconnection, maintenance
from billingportal.domain.connection.processor_accounts import connected, offered
from billingportal.errors import Conflict, Refusal
from billingportal.models import Customer, ProcessorAccount
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import WebhookEndpointCopy
from tests.support.stripe import events
from tests.support.stripe.portals import new_account
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def disconnect(world: World) -> None:
    disconnection.disconnect(transaction, world.portal.open_gateway, world.portal.vault, "test", staff_id=None)


def accounts(world: World) -> list[tuple[str | None, str, bool]]:
    rows = world.session.scalars(select(ProcessorAccount).order_by(ProcessorAccount.id))
    return [(row.stripe_account_id, row.state, row.key_sealed is not None) for row in rows]


def test_disconnecting_removes_the_endpoint_and_the_key_and_keeps_the_history(world: World) -> None:
    world.shop().open()
    world.connect()
    world.work()
    secret = world.secret()
    disconnect(world)

    assert accounts(world) == [(world.stripe_account.id, "disconnected", False)]
    assert world.endpoints_at_stripe() == []
    assert world.session.scalar(select(func.count()).select_from(Customer)) == 1
    assert world.endpoint().secret_sealed is None
    assert world.deliver(events.event("customer.created", events.customer()), secret) == 400
    assert world.audited()[-1] == "Disconnected Harbor Dental in test mode"


@one_database
@pytest.mark.parametrize("how", ["keys/revoke", "keys/expire"])
def test_disconnecting_works_with_a_dead_key_and_says_what_is_left_at_stripe(world: World, how: str) -> None:
    world.connect()
    world.work()
    world.sandbox.control(how, key=world.stripe_account.test_key)
    disconnect(world)

    assert accounts(world) == [(world.stripe_account.id, "disconnected", False)]
    left = "our webhook endpoint and event destination for usage errors there"
    assert world.audited()[-1].endswith(f"; Stripe did not let us remove {left}")


def test_connecting_the_account_again_goes_on_with_its_rows_and_misses_nothing(world: World) -> None:
    shop = world.shop()
    shop.open()
    world.connect()
    world.work()
    row_id, token = world.row().id, world.endpoint().token
    disconnect(world)
    shop.live(10)
    world.connect()
    world.work()
    world.work()

    assert (world.row().id, world.endpoint().token) == (row_id, token)
    assert len(world.endpoints_at_stripe()) == 1
    world.assert_in_step()


def test_a_key_of_another_account_waits_for_a_yes(world: World) -> None:
    other = new_account(world.sandbox, "Oak & Iron")
    world.connect()
    world.work()
    world.connect(other.test_key)
    assert accounts(world) == [(world.stripe_account.id, "connected", True), (other.id, "offered", True)]

    disconnection.switch(transaction, world.portal.open_gateway, world.portal.vault, "test", staff_id=None)
    world.work()
    assert accounts(world) == [(world.stripe_account.id, "disconnected", False), (other.id, "connected", True)]
    assert world.endpoints_at_stripe() == []
    assert len(replace(world, stripe_account=other).endpoints_at_stripe()) == 1


@one_database
def test_an_offer_that_was_declined_cannot_be_taken_any_more(world: World) -> None:
    other = new_account(world.sandbox, "Oak & Iron")
    world.connect()
    world.connect(other.test_key)
    disconnection.decline(transaction, "test")

    assert offered(world.session, "test") is None
    assert accounts(world) == [(world.stripe_account.id, "connected", True), (other.id, "disconnected", False)]
    with pytest.raises(Conflict):
        disconnection.switch(transaction, world.portal.open_gateway, world.portal.vault, "test", staff_id=None)
    assert connected(world.session, "test") is not None


@one_database
def test_a_restricted_key_that_may_not_name_its_account_is_known_by_our_endpoint(world: World) -> None:
    world.connect()
    world.work()
    world.connect(world.restricted_key("balance:read", "webhook_endpoints:write"))
    world.work()

    assert accounts(world) == [(world.stripe_account.id, "connected", True)]
    assert world.row().key_prefix == "rk_test_"


@one_database
def test_a_key_that_may_not_even_read_the_balance_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="may not even read the balance"):
        world.connect(world.restricted_key("products:read"))
    assert accounts(world) == []


@dataclass(frozen=True)
class Interrupted:
    """Something happens at the portal while Stripe makes an endpoint."""

    world: World

    def open_gateway(self, key: str) -> StripeGateway:
        gateway = self.world.portal.open_gateway(key)
        return InterruptedGateway(gateway._client, self.world)


class InterruptedGateway(StripeGateway):
    def __init__(self, client: object, world: World) -> None:
        super().__init__(client)  # type: ignore[arg-type]
        self.world = world

    def create_webhook_endpoint(
        self, url: str, events: Sequence[str], labels: dict[str, str], idempotency_key: str
    ) -> WebhookEndpointCopy:
        made = super().create_webhook_endpoint(url, events, labels, idempotency_key)
        disconnect(self.world)
        return made


def test_disconnecting_while_the_endpoint_is_made_leaves_none_at_stripe(world: World) -> None:
    world.connect()
    opener: OpenGateway = Interrupted(world).open_gateway
    maintenance.tend(transaction, opener, world.portal.vault, world.portal.settings, world.row().id)

    assert accounts(world) == [(world.stripe_account.id, "disconnected", False)]
    assert world.endpoints_at_stripe() == []
    assert world.endpoint().secret_sealed is None


@one_database
def test_the_worker_that_registers_anew_during_a_disconnection_leaves_none_at_stripe(world: World) -> None:
    world.connect()
    world.work()

    class Slow(StripeGateway):
        """A check ends after the old endpoint was removed and before the account is let go."""

        def delete_webhook_endpoint(self, endpoint_id: str) -> None:
            super().delete_webhook_endpoint(endpoint_id)
            if len(world.endpoints_at_stripe()) == 0 and connected(world.session, "test") is not None:
                world.check()

    def opener(key: str) -> StripeGateway:
        return Slow(world.portal.open_gateway(key)._client)

    disconnection.disconnect(transaction, opener, world.portal.vault, "test", staff_id=None)

    assert accounts(world) == [(world.stripe_account.id, "disconnected", False)]
    assert world.endpoints_at_stripe() == []


@one_database
def test_a_key_of_the_other_mode_than_its_prefix_is_refused(world: World) -> None:
    """Stripe's word counts, not the prefix."""
    key = world.stripe_account.test_key.replace("sk_test_", "sk_live_", 1)
    keys = world.sandbox.server.world.keys
    keys[key] = keys[world.stripe_account.test_key]
    with pytest.raises(Refusal, match="of the other mode than its prefix"):
        credentials.connect(transaction, world.portal.open_gateway, world.portal.vault, key, staff_id=None)
    assert accounts(world) == []
