"""Which keys open the sandbox, and how it refuses the others."""

import urllib.error
import urllib.request
from base64 import b64encode

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def test_secret_keys_look_like_stripes_and_tell_their_mode(sandbox: Sandbox, account: SandboxAccount) -> None:
    assert account.test_key.startswith("sk_test_51")
    assert account.live_key.startswith("sk_live_51")
    assert 100 <= len(account.test_key) <= 120
    assert sandbox.client(account.test_key).v1.balance.retrieve().livemode is False
    assert sandbox.client(account.live_key).v1.balance.retrieve().livemode is True


def test_test_and_live_data_are_apart(sandbox: Sandbox, account: SandboxAccount) -> None:
    product = sandbox.client(account.test_key).v1.products.create(params={"name": "Only in test"})
    live = sandbox.client(account.live_key)
    assert live.v1.products.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        live.v1.products.retrieve(product.id)
    assert "a similar object exists in test mode, but a live mode key was used" in str(refused.value)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_an_unknown_key_is_401_and_shown_masked(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        sandbox.client("sk_test_" + "x" * 90 + "abcd").v1.balance.retrieve()
    assert refused.value.http_status == 401
    assert "Invalid API Key provided: sk_test_**" in str(refused.value)
    assert str(refused.value).endswith("abcd")
    assert "xxx" not in str(refused.value)


def test_an_expired_key_has_its_own_code(sandbox: Sandbox, account: SandboxAccount) -> None:
    sandbox.control("keys/expire", key=account.test_key)
    with pytest.raises(stripe.AuthenticationError) as refused:
        sandbox.client(account.test_key).v1.balance.retrieve()
    assert refused.value.error is not None
    assert refused.value.error.code == "api_key_expired"


def test_a_revoked_key_is_as_good_as_unknown(sandbox: Sandbox, account: SandboxAccount) -> None:
    sandbox.control("keys/revoke", key=account.test_key)
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided"):
        sandbox.client(account.test_key).v1.balance.retrieve()


def test_rolling_a_key_expires_the_old_one(sandbox: Sandbox, account: SandboxAccount) -> None:
    rolled = sandbox.control("keys/roll", key=account.test_key)["key"]
    assert sandbox.client(rolled).v1.accounts.retrieve_current().id == account.id
    with pytest.raises(stripe.AuthenticationError, match="Expired"):
        sandbox.client(account.test_key).v1.balance.retrieve()


def test_a_publishable_key_is_no_secret_key(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError, match="publishable API key"):
        sandbox.client("pk_test_123").v1.balance.retrieve()


def test_a_restricted_key_may_do_what_it_has_rights_for(sandbox: Sandbox, account: SandboxAccount) -> None:
    rights = ["products:write", "prices:read"]
    key = sandbox.control("keys", account=account.id, mode="test", kind="restricted", rights=rights)["key"]
    assert key.startswith("rk_test_51")
    client = sandbox.client(key)
    client.v1.products.create(params={"name": "Allowed"})
    assert len(client.v1.products.list().data) == 1
    client.v1.prices.list()
    with pytest.raises(stripe.PermissionError) as refused:
        client.v1.prices.create(params={"currency": "usd", "unit_amount": 1, "product": "prod_x"})
    assert refused.value.http_status == 403
    assert "rak_plan_write" in str(refused.value)
    assert account.id in str(refused.value)
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve_current()


def test_accounts_do_not_see_each_other(sandbox: Sandbox, account: SandboxAccount) -> None:
    other = sandbox.control("accounts", name="Second Ltd", country="DE", currency="eur", charges_enabled=False)
    client = sandbox.client(other["keys"]["test"])
    told = client.v1.accounts.retrieve_current()
    assert (told.id, told.country, told.default_currency, told.charges_enabled) == (other["id"], "DE", "eur", False)
    product = sandbox.client(account.test_key).v1.products.create(params={"name": "Theirs"})
    with pytest.raises(stripe.InvalidRequestError, match="No such product"):
        client.v1.products.retrieve(product.id)


def test_a_key_may_come_as_the_user_name_of_basic_authorization(sandbox: Sandbox, account: SandboxAccount) -> None:
    token = b64encode(f"{account.test_key}:".encode()).decode()
    request = urllib.request.Request(f"{sandbox.url}/v1/balance", headers={"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("header", ["", "Basic !", "Digest x"])
def test_without_a_key_stripe_says_how_to_send_one(sandbox: Sandbox, header: str) -> None:
    request = urllib.request.Request(f"{sandbox.url}/v1/balance", headers={"Authorization": header})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value:
        assert refused.value.code == 401
        assert "You did not provide an API key" in refused.value.read().decode()
