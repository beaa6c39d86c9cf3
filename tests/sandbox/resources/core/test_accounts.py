"""The account: its abilities and requirements, as Stripe or its owner change them."""

import urllib.error
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def current(client: stripe.StripeClient) -> stripe.Account:
    """The key's own account."""
    return client.v1.accounts.retrieve_current()


def test_an_account_loses_abilities_and_has_something_due(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    details = {
        "payouts_enabled": False,
        "capabilities": {"transfers": "inactive"},
        "requirements": {"currently_due": ["external_account"], "current_deadline": 1_900_000_000},
        "settings": {"branding": {"primary_color": "#112233"}},
    }
    sandbox.control("accounts/details", account=account.id, details=details)
    changed = current(client)
    assert (changed.charges_enabled, changed.payouts_enabled) == (True, False)
    assert changed.capabilities is not None
    assert (changed.capabilities.card_payments, changed.capabilities.transfers) == ("active", "inactive")
    assert changed.requirements is not None
    assert changed.requirements.currently_due == ["external_account"]
    assert changed.requirements.past_due == []
    assert changed.settings is not None
    assert changed.settings.branding.primary_color == "#112233"
    assert changed.settings.branding.icon is None
    sandbox.control("accounts/details", account=account.id, details={"payouts_enabled": True})
    assert current(client).payouts_enabled
    assert current(sandbox.client(account.live_key)).settings == current(client).settings


def test_an_account_whose_charges_are_turned_off_says_so(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    sandbox.control("accounts/details", account=account.id, details={"charges_enabled": False})
    changed = current(client)
    assert not changed.charges_enabled
    assert changed.requirements is not None
    assert changed.requirements.disabled_reason == "requirements.past_due"


def test_an_unknown_attribute_is_refused(sandbox: Sandbox, account: SandboxAccount) -> None:
    with pytest.raises(urllib.error.HTTPError):
        sandbox.control("accounts/details", account=account.id, details={"mood": "good"})


@pytest.mark.parametrize("seconds", [-90, 0, 3600])
def test_the_date_of_an_answer_is_skewed(sandbox: Sandbox, client: stripe.StripeClient, seconds: int) -> None:
    sandbox.control("date", seconds=seconds)
    answer = client.v1.balance.retrieve().last_response
    assert answer is not None
    ahead = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)
    assert abs(ahead - timedelta(seconds=seconds)) < timedelta(seconds=30)
