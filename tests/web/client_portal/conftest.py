"""A portal whose Stripe is the sandbox, and Stripe's own side of it."""

import pytest
import stripe

from billingportal.config import Settings
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def sdk(sandbox: Sandbox, stripe_account: SandboxAccount) -> stripe.StripeClient:
    return sandbox.client(stripe_account.test_key)
