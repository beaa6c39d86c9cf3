"""Findings about the key, the webhook and the event destination."""

import pytest

from billingportal.db import transaction
from billingportal.models import ProcessorAccount
from tests.domain.health.provoked.row import Provoked
from tests.support.health.checks import check_account, connect
from tests.support.stripe.worlds import World


def revoke(world: World, _: pytest.MonkeyPatch) -> None:
    world.sandbox.control("keys/revoke", key=world.stripe_account.test_key)
    check_account(world)


def expire(world: World, _: pytest.MonkeyPatch) -> None:
    world.sandbox.control("keys/expire", key=world.stripe_account.test_key)
    check_account(world)


def lose_sealing_key(world: World, _: pytest.MonkeyPatch) -> None:
    account_id = world.row().id
    with transaction() as session:
        session.get_one(ProcessorAccount, account_id).key_sealed = "sealed with a key that is gone"
    check_account(world)


def paste_another(world: World, _: pytest.MonkeyPatch) -> None:
    made = world.sandbox.control("keys", account=world.stripe_account.id, mode="test", kind="secret", rights=[])
    connect(world, str(made["key"]))


def paste_a_restricted_one(world: World, _: pytest.MonkeyPatch) -> None:
    connect(world, world.restricted_key("balance:read", "events:read"))


ROWS = (
    Provoked("key.revoked", revoke, "no longer accepts the secret key", "no usage can be billed", paste_another),
    Provoked("key.expired", expire, "has expired", "no usage can be billed", paste_another),
    Provoked("key.unreadable", lose_sealing_key, "can’t be opened", "Nothing new can be sold", paste_another),
    Provoked("key.rights_missing", paste_a_restricted_one, "lacks", "may be out of date", paste_another),
)
