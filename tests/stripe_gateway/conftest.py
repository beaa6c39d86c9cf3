"""What tests of the gateway start from: the official SDK, over real HTTP, against the sandbox."""

from collections.abc import Iterator

import pytest

from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.stripe.portals import new_account
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[SandboxAccount]:
    """An account of the test's own. Faults last as long as the test."""
    yield new_account(sandbox)
    sandbox.control("faults", verb="DELETE")


@pytest.fixture
def gateway(sandbox: Sandbox, account: SandboxAccount) -> StripeGateway:
    return gateway_opener(sandbox.url)(account.test_key)
