"""Event destinations and thin events, by way of the gateway."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.stripe.misbehaving import Conversation, Misbehaving
from tests.support.stripe.misbehaviours import answered, message
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

ADDRESS = "https://portal.example/reports"
REPORTS = ["v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"]
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "v2.core.event",
    "type": REPORTS[1],
    "created": "2026-11-26T12:00:00.123Z",
    "livemode": False,
    "context": None,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


def report(sandbox: Sandbox, account: SandboxAccount, *errors: dict[str, object], meter: str | None = None) -> str:
    given: Any = {"account": account.id, "mode": "test", "errors": list(errors), "meter": meter}
    return str(sandbox.control("meters/report", **given)["event"])


def test_a_destination_is_made_changed_listed_and_deleted(gateway: StripeGateway) -> None:
    destinations = gateway.event_destinations
    made, again = (destinations.create("Reports", ADDRESS, REPORTS, {"label": "mine"}, "key-1") for _ in range(2))
    assert str(made.secret).startswith("whsec_")
    assert again == made
    assert str(made.secret) not in repr(made)
    (listed,) = destinations.every()
    assert (listed.secret, listed.url, listed.labels, listed.is_thin) == (None, ADDRESS, {"label": "mine"}, True)
    changed = destinations.update(made.stripe_id, f"{ADDRESS}2", REPORTS[:1])
    assert (changed.url, changed.enabled_events, changed.is_enabled) == (f"{ADDRESS}2", frozenset(REPORTS[:1]), True)
    destinations.ping(made.stripe_id)
    destinations.delete(made.stripe_id)
    destinations.delete(made.stripe_id)
    for call in (destinations.ping, destinations.enable):
        with pytest.raises(NotThere):
            call(made.stripe_id)
    assert destinations.every() == []


def test_every_page_is_read_with_webhook_endpoints_among_them(gateway: StripeGateway) -> None:
    for number in range(12):
        gateway.event_destinations.create("Reports", f"{ADDRESS}/{number}", REPORTS, {}, f"key-{number}")
    endpoint = gateway.create_webhook_endpoint(ADDRESS, ["product.created"], {}, "key")
    found = gateway.event_destinations.every()
    assert {one.url for one in found} == {ADDRESS, *(f"{ADDRESS}/{number}" for number in range(12))}
    assert [one.stripe_id for one in found if not one.is_thin] == [endpoint.stripe_id]


def test_a_full_account_and_a_missing_right_are_refusals(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    for number in range(16):
        gateway.event_destinations.create("Reports", ADDRESS, REPORTS, {}, f"key-{number}")
    with pytest.raises(RequestRefused, match="maximum of 16"):
        gateway.event_destinations.create("Reports", ADDRESS, REPORTS, {}, "one-too-many")
    made = sandbox.control("keys", account=account.id, mode="test", kind="restricted", rights=["events:read"])
    restricted = gateway_opener(sandbox.url)(made["key"])
    with pytest.raises(RightMissing):
        restricted.event_destinations.every()
    assert restricted.thin_events.since(datetime.now(UTC), REPORTS)[0] == []


def test_reports_are_listed_since_a_moment_and_fetched(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    errors: list[dict[str, object]] = [
        {"code": "no_meter", "count": 3, "samples": [["use-1", "Not known."], ["use-2", "Not known."]]},
        {"code": "something_new", "count": 1},
    ]
    made = [report(sandbox, account, *errors) for _ in range(12)]
    found, reading = gateway.thin_events.since(since, REPORTS)
    assert {one.stripe_event_id for one in found} == set(made)
    assert {one.related_object_id for one in found} == {None}
    assert reading.as_of > since
    assert gateway.thin_events.since(datetime.now(UTC) + timedelta(minutes=1), REPORTS)[0] == []
    read = gateway.thin_events.error_report(made[0])
    assert [(one.code, one.error_count, one.message) for one in read.errors] == [
        ("no_meter", 3, "Not known."),
        ("something_new", 1, ""),
    ]
    assert read.errors[0].samples == (frozenset({"use-1"}), frozenset({"use-2"}))
    assert read.error_count == 4
    assert read.window_starts_at is not None
    assert read.window_starts_at < since < datetime.now(UTC)
    with pytest.raises(NotThere):
        gateway.thin_events.error_report("evt_of_nobody")


def test_a_sample_may_name_its_request_by_its_idempotency_key(server: Misbehaving) -> None:
    named = {"id": "req_1", "idempotency_key": "use-1-2", "identifier": None}
    sample = {"error_message": None, "request": named}
    error = {"code": None, "error_count": 0, "sample_errors": [sample, {"request": None}]}
    server.manner = answered({**EVENT, "data": {"reason": {"error_count": None, "error_types": [error]}}})
    read = gateway_opener(server.url)("sk_test_51").thin_events.error_report("evt_1")
    assert read.errors[0].samples == (frozenset({"use-1-2"}), frozenset())
    assert (read.errors[0].code, read.error_count, read.window_starts_at) == ("unknown", 2, None)


@pytest.mark.parametrize(
    "following", ["/v2/core/events?page=1", "https://elsewhere.example/v2/core/events", "/v1/customers"]
)
def test_a_list_that_does_not_go_on_or_leads_elsewhere_is_refused(server: Misbehaving, following: str) -> None:
    def say(conversation: Conversation) -> None:
        conversation.say(message(json.dumps({"data": [EVENT], "next_page_url": following}).encode()))

    server.manner = say
    with pytest.raises(UnreadableObject, match="the list does not go on"):
        gateway_opener(server.url)("sk_test_51").thin_events.since(datetime.now(UTC), REPORTS)


@pytest.mark.parametrize("created", ["yesterday", "2026-11-26T12:00:00", 1795348800, None])
def test_a_time_that_is_none_is_refused(server: Misbehaving, created: object) -> None:
    server.manner = answered({"data": [{**EVENT, "created": created}], "next_page_url": None})
    with pytest.raises(UnreadableObject):
        gateway_opener(server.url)("sk_test_51").thin_events.since(datetime.now(UTC), REPORTS)
