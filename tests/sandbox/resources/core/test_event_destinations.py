"""Event destinations of API v2."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe
from stripe.v2.core import EventDestination

from tests.sandbox.contract import violations
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

HOOK = "https://portal.example/reports"
SHOWN = ["webhook_endpoint.signing_secret", "webhook_endpoint.url"]
REPORTS = "v1.billing.meter.error_report_triggered"


def create(client: stripe.StripeClient, **changes: object) -> EventDestination:
    params: Any = {
        "name": "Reports",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": [REPORTS],
        "webhook_endpoint": {"url": HOOK},
        **changes,
    }
    return client.v2.core.event_destinations.create({name: value for name, value in params.items() if value})  # type: ignore[arg-type]


def target(found: EventDestination) -> tuple[str | None, str | None]:
    assert found.webhook_endpoint is not None
    return found.webhook_endpoint.url, found.webhook_endpoint.signing_secret


def test_address_and_secret_are_shown_on_request_only_and_the_secret_once(client: stripe.StripeClient) -> None:
    made = create(client, include=SHOWN)
    assert target(made)[0] == HOOK
    assert (target(made)[1] or "").startswith("whsec_")
    assert made.id.startswith("ed_test_")
    assert target(create(client)) == (None, None)
    destinations = client.v2.core.event_destinations
    assert target(destinations.retrieve(made.id)) == (None, None)
    assert target(destinations.retrieve(made.id, {"include": ["webhook_endpoint.url"]})) == (HOOK, None)
    assert {target(one) for one in destinations.list().data} == {(None, None)}
    assert {target(one) for one in destinations.list({"include": ["webhook_endpoint.url"]}).data} == {(HOOK, None)}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        destinations.retrieve(made.id, {"include": ["webhook_endpoint.signing_secret"]})
    assert refused.value.code == "invalid_fields"


def test_what_can_be_changed_is(client: stripe.StripeClient) -> None:
    made = create(client, metadata={"portal": "1", "gone": "2"})
    changes: Any = {
        "name": "Ours",
        "enabled_events": [REPORTS, "v1.billing.meter.no_meter_found"],
        "metadata": {"gone": None},
        "webhook_endpoint": {"url": "https://other.example/"},
        "include": ["webhook_endpoint.url"],
    }
    changed = client.v2.core.event_destinations.update(made.id, changes)
    assert (changed.name, target(changed)[0], len(changed.enabled_events)) == ("Ours", "https://other.example/", 2)
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"portal": "1"}
    for fixed in ({"event_payload": "thin"}, {"type": "webhook_endpoint"}, {"events_from": ["@self"]}):
        params: Any = fixed
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v2.core.event_destinations.update(made.id, params)
        assert refused.value.code == "invalid_fields"


def test_it_is_disabled_enabled_and_deleted(client: stripe.StripeClient) -> None:
    destinations = client.v2.core.event_destinations
    made = create(client)
    off = destinations.disable(made.id)
    assert off.status_details is not None
    assert off.status_details.disabled is not None
    assert (off.status, off.status_details.disabled.reason) == ("disabled", "user")
    with pytest.raises(stripe.InvalidRequestError):
        destinations.disable(made.id)
    with pytest.raises(stripe.InvalidRequestError):
        destinations.ping(made.id)
    assert destinations.enable(made.id).status == "enabled"
    assert destinations.delete(made.id).to_dict() == {"id": made.id}
    for call in (destinations.retrieve, destinations.delete, destinations.ping, destinations.enable):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            call(made.id)
        assert (refused.value.http_status, refused.value.code) == (404, "not_found")
    assert destinations.list().data == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"enabled_events": None},
        {"webhook_endpoint": None},
        {"enabled_events": ["product.created"]},
        {"enabled_events": ["*"]},
        {"event_payload": "full"},
        {"type": "carrier_pigeon"},
        {"webhook_endpoint": {"url": "portal.example"}},
        {"snapshot_api_version": "2026-10-28.endive"},
        {"colour": "red"},
        {"metadata": {"count": 3}},
    ],
)
def test_nonsense_is_refused(client: stripe.StripeClient, wrong: dict[str, object]) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(client, **wrong)
    assert (refused.value.http_status, refused.value.code) == (400, "invalid_fields")
    assert client.v2.core.event_destinations.list().data == []


def test_the_limit_of_sixteen_is_for_webhook_endpoints_and_destinations_together(client: stripe.StripeClient) -> None:
    endpoint: Any = {"url": HOOK, "enabled_events": ["product.created"]}
    for _ in range(8):
        client.v1.webhook_endpoints.create(params=endpoint)
        made = create(client)
    with pytest.raises(stripe.QuotaExceededError):
        create(client)
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16 test webhook endpoints"):
        client.v1.webhook_endpoints.create(params=endpoint)
    client.v2.core.event_destinations.delete(made.id)
    client.v1.webhook_endpoints.create(params=endpoint)


def test_the_list_has_webhook_endpoints_too_and_pages_by_address(client: stripe.StripeClient) -> None:
    endpoint: Any = {"url": f"{HOOK}/v1", "enabled_events": ["product.created"]}
    made = [client.v1.webhook_endpoints.create(params=endpoint).id] + [create(client).id for _ in range(4)]
    first = client.v2.core.event_destinations.list({"limit": 2, "include": ["webhook_endpoint.url"]})
    assert len(first.data) == 2
    assert first.next_page_url is not None
    assert first.next_page_url.startswith("/v2/core/event_destinations?")
    everything = list(first.auto_paging_iter())
    assert sorted(one.id for one in everything) == sorted(made)
    assert {target(one)[0] for one in everything} == {HOOK, f"{HOOK}/v1"}
    assert [one.event_payload for one in everything if one.id == made[0]] == ["snapshot"]
    assert client.v2.core.event_destinations.retrieve(made[0]).event_payload == "snapshot"


def test_live_mode_wants_https_except_on_this_machine(sandbox: Sandbox, account: SandboxAccount) -> None:
    live, test = sandbox.client(account.live_key), sandbox.client(account.test_key)
    plain = {"url": "http://portal.example/hook"}
    with pytest.raises(stripe.InvalidRequestError, match="HTTPS in live mode"):
        create(live, webhook_endpoint=plain)
    assert create(live, webhook_endpoint={"url": "http://127.0.0.1:5000/hook"}).livemode is True
    assert create(test, webhook_endpoint=plain).livemode is False


def test_a_restricted_key_needs_the_right(sandbox: Sandbox, account: SandboxAccount) -> None:
    def restricted(*rights: str) -> stripe.StripeClient:
        made = sandbox.control("keys", account=account.id, mode="test", kind="restricted", rights=list(rights))
        return sandbox.client(made["key"])

    with pytest.raises(stripe.PermissionError):
        restricted("webhook_endpoints:write").v2.core.event_destinations.list()
    reading = restricted("event_destinations:read")
    assert reading.v2.core.event_destinations.list().data == []
    with pytest.raises(stripe.PermissionError):
        create(reading)
    with pytest.raises(stripe.PermissionError):
        reading.v2.core.events.list()
    assert create(restricted("event_destinations:write")).status == "enabled"


@pytest.mark.parametrize("kind", ["429", "500"])
def test_faults_have_the_error_bodies_of_version_two(sandbox: Sandbox, client: stripe.StripeClient, kind: str) -> None:
    sandbox.control("faults", kind=kind, path_prefix="/v2/")
    with pytest.raises(stripe.RateLimitError if kind == "429" else stripe.APIError) as failed:
        client.v2.core.event_destinations.list()
    body: Any = failed.value.json_body
    assert set(body["error"]) == {"message", "type", "code"} - ({"code"} if kind == "500" else set())


def test_an_idempotency_key_gives_the_first_answer_again(client: stripe.StripeClient) -> None:
    params: Any = {
        "name": "Reports",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": [REPORTS],
        "webhook_endpoint": {"url": HOOK},
        "include": SHOWN,
    }
    destinations = client.v2.core.event_destinations
    answers = [destinations.create(params, {"idempotency_key": "once"}) for _ in range(2)]
    assert answers[0].to_dict() == answers[1].to_dict()
    deleted = [destinations.delete(answers[0].id, options={"idempotency_key": "gone"}).id for _ in range(2)]
    assert deleted == [answers[0].id] * 2


def test_a_body_must_be_json(sandbox: Sandbox, account: SandboxAccount) -> None:
    headers = {"Authorization": f"Bearer {account.test_key}", "Content-Type": "application/json"}
    for body in (b"name=Reports", b"[]", b"{"):
        request = urllib.request.Request(f"{sandbox.url}/v2/core/event_destinations", body, headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert json.load(refused.value)["error"]["code"] == "invalid_fields"


def test_answers_carry_what_the_sdk_requires(client: stripe.StripeClient) -> None:
    endpoint: Any = {"url": f"{HOOK}/v1", "enabled_events": ["product.created"]}
    client.v1.webhook_endpoints.create(params=endpoint)
    client.v2.core.event_destinations.disable(create(client, include=SHOWN, metadata={"a": "b"}).id)
    answer = client.v2.core.event_destinations.list().last_response
    assert answer is not None
    page = json.loads(answer.body)
    assert set(page) == {"data", "next_page_url", "previous_page_url"}
    assert [problem for one in page["data"] for problem in violations(one)] == []
