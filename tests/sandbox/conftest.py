"""A fresh sandbox for each test, and the official SDK to talk to it."""

from collections.abc import Iterator

import pytest
import stripe

from tests.support.stripe.receiver import Receiver
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def account(sandbox: Sandbox) -> SandboxAccount:
    return sandbox.account()


@pytest.fixture
def client(sandbox: Sandbox, account: SandboxAccount) -> stripe.StripeClient:
    """The SDK with the first account's secret test key."""
    return sandbox.client(account.test_key)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running
