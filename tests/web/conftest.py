"""The sandbox of tests that talk to Stripe, and an account there of each test's own."""

from collections.abc import Iterator

import pytest

from tests.support.stripe.portals import new_account
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def stripe_account(sandbox: Sandbox) -> Iterator[SandboxAccount]:
    yield new_account(sandbox)
    sandbox.control("faults", verb="DELETE")
