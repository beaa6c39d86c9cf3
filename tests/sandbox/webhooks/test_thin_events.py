"""Thin events: notices that are delivered, and the events behind them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from stripe.events import (
    V1BillingMeterErrorReportTriggeredEventNotification,
    V1BillingMeterNoMeterFoundEventNotification,
    V2CoreEventDestinationPingEventNotification,
)
from stripe.events._event_classes import _V2_EVENT_CLASS_LOOKUP

from billingportal.sandbox.webhooks.thin_event_names import THIN_EVENT_NAMES
from tests.sandbox.contract import violations
from tests.support.stripe.receiver import Receiver
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

REPORTS = ["v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"]
ERRORS = [
    {"code": "meter_event_customer_not_found", "count": 2, "samples": [["use-1", "No such customer."]]},
    {"code": "a_new_code", "count": 1},
]


def register(client: stripe.StripeClient, receiver: Receiver, *types: str) -> tuple[str, str]:
    """The id and the signing secret of a new destination."""
    params: Any = {
        "name": "Reports",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": list(types) or REPORTS,
        "webhook_endpoint": {"url": receiver.url},
        "include": ["webhook_endpoint.signing_secret"],
    }
    made = client.v2.core.event_destinations.create(params)
    assert made.webhook_endpoint is not None
    assert made.webhook_endpoint.signing_secret is not None
    return made.id, made.webhook_endpoint.signing_secret


def new_meter(client: stripe.StripeClient) -> str:
    params: Any = {"default_aggregation": {"formula": "sum"}, "display_name": "Calls", "event_name": "calls"}
    return client.v1.billing.meters.create(params=params).id


def report(sandbox: Sandbox, account: SandboxAccount, meter: str | None, **more: object) -> str:
    given: dict[str, Any] = {"account": account.id, "mode": "test", "meter": meter, "errors": ERRORS, **more}
    return str(sandbox.control("meters/report", **given)["event"])


def test_the_names_are_those_of_the_sdk() -> None:
    assert set(_V2_EVENT_CLASS_LOOKUP) == THIN_EVENT_NAMES


def test_a_report_arrives_signed_without_its_data_which_is_fetched(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    _, secret = register(client, receiver)
    meter = new_meter(client)
    event_id = report(sandbox, account, meter, starts=120, ends=60)
    sandbox.wait_for_deliveries()
    ((body, signature),) = receiver.received
    assert set(json.loads(body)) == {
        "id", "object", "type", "created", "livemode", "context", "reason", "related_object",
    }  # fmt: skip
    notice = client.parse_event_notification(body, signature, secret)
    assert isinstance(notice, V1BillingMeterErrorReportTriggeredEventNotification)
    assert (notice.id, notice.related_object.id, notice.livemode) == (event_id, meter, False)
    assert notice.fetch_related_object().id == meter
    event = notice.fetch_event()
    counted = [(one.code, one.error_count) for one in event.data.reason.error_types]
    assert counted == [("meter_event_customer_not_found", 2), ("a_new_code", 1)]
    assert event.data.reason.error_types[0].sample_errors[0].request.identifier == "use-1"
    assert event.data.reason.error_count == 3
    lasted = datetime.fromisoformat(event.data.validation_end) - datetime.fromisoformat(event.data.validation_start)
    assert lasted == timedelta(seconds=60)
    with pytest.raises(stripe.SignatureVerificationError):
        client.parse_event_notification(body, signature, "whsec_of_somebody_else")


def test_a_report_without_a_meter_has_no_related_object(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    _, secret = register(client, receiver)
    report(sandbox, account, None)
    sandbox.wait_for_deliveries()
    ((body, signature),) = receiver.received
    assert "related_object" not in json.loads(body)
    notice = client.parse_event_notification(body, signature, secret)
    assert isinstance(notice, V1BillingMeterNoMeterFoundEventNotification)
    assert notice.fetch_event().data.reason.error_count == 3


def test_a_ping_reaches_its_destination_alone_whatever_it_asks_for(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    first, secret = register(client, receiver)
    register(client, receiver, "v2.core.event_destination.ping")
    event = client.v2.core.event_destinations.ping(first)
    sandbox.wait_for_deliveries()
    ((body, signature),) = receiver.received
    notice = client.parse_event_notification(body, signature, secret)
    assert isinstance(notice, V2CoreEventDestinationPingEventNotification)
    assert (notice.id, notice.related_object.id, notice.fetch_related_object().id) == (event.id, first, first)


def test_only_asked_for_types_are_sent_to_enabled_destinations_of_the_mode(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    off, _ = register(client, receiver)
    client.v2.core.event_destinations.disable(off)
    register(sandbox.client(account.live_key), receiver)
    register(client, receiver, "v1.customer.updated")
    endpoint: Any = {"url": receiver.url, "enabled_events": ["*"]}
    client.v1.webhook_endpoints.create(params=endpoint)
    report(sandbox, account, None)
    sandbox.wait_for_deliveries()
    assert receiver.received == []
    sandbox.control("thin_events", account=account.id, mode="test", type="v1.customer.updated")
    sandbox.wait_for_deliveries()
    assert len(receiver.received) == 1


def test_deliveries_come_in_no_promised_order_are_repeated_and_lost_on_command(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    register(client, receiver)
    sandbox.control("delivery", duplicate_rate=1.0, shuffle=True)
    made = [report(sandbox, account, None) for _ in range(10)]
    sandbox.wait_for_deliveries()
    arrived = [json.loads(body)["id"] for body, _ in receiver.received]
    assert sorted(arrived) == sorted(made * 2)
    assert arrived != [one for one in made for _ in range(2)]
    sandbox.control("delivery", drop_rate=1.0)
    report(sandbox, account, None)
    sandbox.wait_for_deliveries()
    assert len(receiver.received) == 20
    assert len(client.v2.core.events.list({"limit": 100}).data) == 11


def test_events_are_listed_without_data_by_type_time_and_object(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    meter = new_meter(client)
    made = [report(sandbox, account, meter) for _ in range(3)]
    other = report(sandbox, account, None)
    sandbox.control("thin_events", account=account.id, mode="test", type="v1.customer.updated")
    events = client.v2.core.events

    def ids(**filters: Any) -> list[str]:
        return [one.id for one in events.list({"limit": 2, **filters}).auto_paging_iter()]  # type: ignore[arg-type]

    assert ids(types=REPORTS) == [other, *reversed(made)]
    assert ids(object_id=meter) == list(reversed(made))
    first = events.retrieve(made[0])
    assert ids(types=REPORTS, created={"gte": first.created})[-1] == made[0]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert ids(types=REPORTS, created={"gt": later}) == []
    assert ids(types=REPORTS, created={"lt": later})[-1] == made[0]
    assert all("data" not in one for one in events.list({"types": REPORTS}).data)
    for wrong in ({"types": ["product.created"]}, {"created": {"gte": "yesterday"}}, {"types": REPORTS * 11}):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            ids(**wrong)
        assert refused.value.code == "invalid_fields"


def test_events_are_kept_for_thirty_days(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    old = report(sandbox, account, None)
    sandbox.control("events/age", account=account.id, mode="test", seconds=30 * 24 * 3600 + 1)
    new = report(sandbox, account, None)
    assert [one.id for one in client.v2.core.events.list().data] == [new]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v2.core.events.retrieve(old)
    assert (refused.value.http_status, refused.value.code) == (404, "not_found")


def test_events_carry_what_the_sdk_requires(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    destination, _ = register(client, receiver)
    made = [report(sandbox, account, one, errors=ERRORS[:1]) for one in (new_meter(client), None)]
    made.append(client.v2.core.event_destinations.ping(destination).id)
    for event_id in made:
        answer = client.v2.core.events.retrieve(event_id).last_response
        assert answer is not None
        assert list(violations(json.loads(answer.body))) == []
