"""The page that shows what the sandbox holds."""

import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
import stripe

from tests.sandbox.build import event_types
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def page(sandbox: Sandbox) -> str:
    with urllib.request.urlopen(f"{sandbox.url}/", timeout=10) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        return str(answer.read().decode())


def test_keys_can_be_copied_from_fields(sandbox: Sandbox, account: SandboxAccount) -> None:
    values = re.findall(r'<input readonly data-kind="(\w+)" value="([^"]+)"', page(sandbox))
    assert ("secret", account.test_key) in values
    assert ("secret", account.live_key) in values
    assert [kind for kind, _ in values] == ["secret", "restricted", "secret"]


def test_the_buttons_make_samples_and_come_back(sandbox: Sandbox, account: SandboxAccount) -> None:
    form = urllib.parse.urlencode({"account": account.id, "mode": "live", "name": "subscription"}).encode()
    with urllib.request.urlopen(f"{sandbox.url}/samples", data=form, timeout=10) as answer:
        assert answer.url == f"{sandbox.url}/"
        shown = answer.read().decode()
    assert "customer.subscription.created" in shown
    assert len(sandbox.client(account.live_key).v1.subscriptions.list().data) == 1


def test_a_button_lets_time_pass_in_test_mode_only(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    sandbox.control("samples", account=account.id, mode="test", name="subscription")
    form = {"account": account.id, "mode": "test", "seconds": 40 * 24 * 3600}
    with urllib.request.urlopen(
        f"{sandbox.url}/time", data=urllib.parse.urlencode(form).encode(), timeout=10
    ) as answer:
        assert "Time passes" in answer.read().decode()
    assert "invoice.upcoming" in event_types(client)
    live = urllib.parse.urlencode({**form, "mode": "live"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{sandbox.url}/time", data=live, timeout=10)
    refused.value.close()


def test_an_unknown_sample_is_refused(sandbox: Sandbox, account: SandboxAccount) -> None:
    form = urllib.parse.urlencode({"account": account.id, "mode": "live", "name": "castle"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{sandbox.url}/samples", data=form, timeout=10)
    with refused.value:
        assert refused.value.code == 400


def test_requests_and_endpoints_are_shown_escaped(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.webhook_endpoints.create(
        params={"url": "https://portal.example/<b>", "enabled_events": ["product.created"]}
    )
    shown = page(sandbox)
    assert "https://portal.example/&lt;b&gt;" in shown
    assert "POST /v1/webhook_endpoints" in shown


def test_the_style_is_served_and_the_rest_is_not_found(sandbox: Sandbox) -> None:
    with urllib.request.urlopen(f"{sandbox.url}/home.css", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/css")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{sandbox.url}/favicon.ico", timeout=10)
    with refused.value:
        assert refused.value.code == 404
