"""Meter events are accepted first, and counted or rejected later."""

import time
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.sandbox.billing.metering.build import DAY, errors, lately, new_meter, report, reports, summaries
from tests.sandbox.build import latest_invoice, monthly_price, paying_customer, preview, subscribe
from tests.sandbox.clocks import START, advance, customer_on, new_clock
from tests.sandbox.contract import violations
from tests.support.stripe.sandbox import Sandbox, SandboxAccount, SandboxProcess


@pytest.fixture
def meter(client: stripe.StripeClient) -> str:
    return new_meter(client).id


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return client.v1.customers.create(params={}).id


def later(sandbox: Sandbox, account: SandboxAccount, **more: Any) -> None:
    """From now on nothing is processed before somebody asks for it."""
    sandbox.control("metering", account=account.id, processing_seconds=DAY, **more)


def process(sandbox: Sandbox, account: SandboxAccount) -> None:
    sandbox.control("metering/process", account=account.id, mode="test")


def test_without_a_delay_events_count_at_once(client: stripe.StripeClient, meter: str, customer: str) -> None:
    report(client, customer, 5)
    assert lately(client, meter, customer, int(time.time())) == 5


def test_an_event_is_accepted_now_and_counted_later(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    later(sandbox, account)
    report(client, customer, 5)
    assert lately(client, meter, customer, int(time.time())) == 0
    process(sandbox, account)
    assert lately(client, meter, customer, int(time.time())) == 5


def test_events_are_processed_by_themselves_once_their_time_has_come(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str
) -> None:
    sandbox.control("metering", account=account.id, processing_seconds=0.2)
    report(client, "cus_nobody", 5)
    assert reports(sandbox, account) == []
    deadline = time.monotonic() + 10
    while not reports(sandbox, account) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert errors(sandbox, account) == {"meter_event_customer_not_found": 1}


def test_on_a_test_clock_its_time_counts_too(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str
) -> None:
    sandbox.control("metering", account=account.id, processing_seconds=3600)
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    report(client, customer, 5)
    advance(client, clock, START + 3599)
    assert lately(client, meter, customer, START) == 0
    advance(client, clock, START + 3600)
    assert lately(client, meter, customer, START) == 5


def test_summaries_and_previews_lag_behind(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str
) -> None:
    sandbox.control("metering", account=account.id, summary_seconds=3600)
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
    subscription = subscribe(client, customer, monthly_price(client, 20, recurring=recurring).id).id
    report(client, customer, 5)
    assert (lately(client, meter, customer, START), preview(client, subscription=subscription).total) == (0, 0)
    advance(client, clock, START + 3600)
    assert (lately(client, meter, customer, START), preview(client, subscription=subscription).total) == (5, 100)


def test_an_invoice_does_not_lag_behind(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str
) -> None:
    sandbox.control("metering", account=account.id, summary_seconds=3600)
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
    price, customer = monthly_price(client, 20, recurring=recurring).id, paying_customer(client).id
    subscription = subscribe(client, customer, price)
    report(client, customer, 5)
    client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True})
    assert latest_invoice(client, subscription).total == 100


def test_good_events_are_rejected_on_command(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    sandbox.control("metering", account=account.id, reject_next=2)
    for number in range(3):
        report(client, customer, 1, identifier=f"i-{number}")
    assert errors(sandbox, account) == {"meter_event_dimension_count_too_high": 2}
    assert lately(client, meter, customer, int(time.time())) == 1
    sandbox.control("metering", account=account.id, reject_next=1, reject_code="something_new")
    report(client, customer, 1)
    assert errors(sandbox, account)["something_new"] == 1


def test_counted_events_are_lost_on_command(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    now = int(time.time())
    for value, at in ((1, now - DAY), (2, now - 60), (4, now)):
        report(client, customer, value, at)
    which: dict[str, Any] = {"customer": customer, "starts": now - 60, "ends": now}
    told = sandbox.control("metering/lose", account=account.id, mode="test", **which)
    assert (told["lost"], lately(client, meter, customer, now)) == (1, 5)


def test_what_waits_outlives_a_restart(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as first:
        account = first.account()
        client = first.client(account.test_key)
        meter, customer = new_meter(client).id, client.v1.customers.create(params={}).id
        first.control("metering", account=account.id, processing_seconds=DAY)
        report(client, customer, 5, identifier="i-1")
        report(client, "cus_nobody", 5)
    with SandboxProcess(tmp_path) as second:
        client = second.client(account.test_key)
        assert lately(client, meter, customer, int(time.time())) == 0
        second.control("metering/process", account=account.id, mode="test")
        assert lately(client, meter, customer, int(time.time())) == 5
        assert len(second.objects(account.id, "test", "meter_error_report")) == 1
        with pytest.raises(stripe.InvalidRequestError, match="already exists"):
            report(client, customer, 5, identifier="i-1")


def test_answers_have_what_the_sdk_declares(client: stripe.StripeClient, meter: str, customer: str) -> None:
    event = report(client, customer, 5)
    today = int(time.time()) // DAY * DAY
    listed = summaries(client, meter, customer, today - DAY, today + 2 * DAY, value_grouping_window="day")
    assert len(listed.data) == 1
    assert [*violations(event.to_dict()), *violations(listed.to_dict())] == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"value": "1"}, "meter_event_no_customer_defined"),
        ({"stripe_customer_id": "cus_nobody", "value": "1"}, "meter_event_customer_not_found"),
        ({"stripe_customer_id": "", "value": "1"}, "meter_event_customer_not_found"),
        ({}, "meter_event_value_not_found"),
        ({"value": "2.5"}, "meter_event_invalid_value"),
        ({"value": "1e3"}, "meter_event_invalid_value"),
        ({"value": "many"}, "meter_event_invalid_value"),
        ({"value": " 5"}, "meter_event_invalid_value"),
        ({"value": "٣"}, "meter_event_invalid_value"),
        ({"value": ""}, "meter_event_invalid_value"),
    ],
)
def test_what_cannot_be_counted_is_accepted_and_rejected_later(
    sandbox: Sandbox,
    account: SandboxAccount,
    client: stripe.StripeClient,
    meter: str,
    customer: str,
    payload: dict[str, str],
    code: str,
) -> None:
    whole = (
        payload
        if code.endswith(("customer_defined", "customer_not_found"))
        else {
            "stripe_customer_id": customer,
            **payload,
        }
    )
    given: Any = {"event_name": "messages", "payload": whole, "identifier": "i-1"}
    assert client.v1.billing.meter_events.create(params=given).identifier == "i-1"
    assert errors(sandbox, account) == {code: 1}
    assert lately(client, meter, customer, int(time.time())) == 0


def test_what_is_deleted_or_archived_meanwhile_is_rejected(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    later(sandbox, account)
    gone = client.v1.customers.create(params={}).id
    report(client, gone, 1)
    client.v1.customers.delete(gone)
    process(sandbox, account)
    report(client, customer, 1)
    client.v1.billing.meters.deactivate(meter)
    process(sandbox, account)
    assert errors(sandbox, account) == {"meter_event_customer_not_found": 1, "archived_meter": 1}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"value": "1", "at": -36 * DAY}, "timestamp_too_far_in_past"),
        ({"value": "1", "at": 600}, "timestamp_in_future"),
        ({"value": "1234567890123456", "at": 0}, "meter_event_value_too_many_digits"),
    ],
)
def test_what_is_refused_at_once_may_be_rejected_later_instead(
    sandbox: Sandbox,
    account: SandboxAccount,
    client: stripe.StripeClient,
    meter: str,
    customer: str,
    more: dict[str, Any],
    code: str,
) -> None:
    at = int(time.time()) + more["at"]
    with pytest.raises(stripe.InvalidRequestError):
        report(client, customer, more["value"], at)
    sandbox.control("metering", account=account.id, checks_later=True)
    report(client, customer, more["value"], at)
    assert errors(sandbox, account) == {code: 1}


def test_a_name_without_a_meter_and_an_archived_meter_may_be_rejected_later_too(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    client.v1.billing.meters.deactivate(meter)
    with pytest.raises(stripe.InvalidRequestError, match="No active meter found for event name messages"):
        report(client, customer, 1)
    sandbox.control("metering", account=account.id, checks_later=True)
    report(client, customer, 1)
    report(client, customer, 1, event_name="nothing")
    assert errors(sandbox, account) == {"archived_meter": 1, "no_meter": 1}
    assert [one["meter"] for one in reports(sandbox, account)] == [meter, None]


def test_a_report_counts_all_errors_of_its_window_and_names_only_some(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    later(sandbox, account, samples=2)
    for number in range(4):
        report(client, "cus_nobody", 1, key=f"key-{number}", identifier=f"i-{number}")
    report(client, customer, "x", key="key-x", identifier="i-x")
    report(client, customer, 7)
    process(sandbox, account)
    (made,) = reports(sandbox, account)
    assert (made["meter"], made["error_count"]) == (meter, 5)
    assert made["validation_start"] <= time.time() <= made["validation_end"] + 60
    unknown, invalid = made["error_types"]
    named = [one["request"]["identifier"] for one in unknown["sample_errors"]]
    assert (unknown["error_count"], named) == (4, ["key-0", "key-1"])
    assert [one["request"]["identifier"] for one in invalid["sample_errors"]] == ["key-x"]
    assert lately(client, meter, customer, int(time.time())) == 7


def test_several_errors_are_never_all_named_and_may_be_named_by_identifier(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str
) -> None:
    later(sandbox, account, samples=100, sample_names="identifier")
    for number in range(3):
        report(client, "cus_nobody", 1, key=f"key-{number}", identifier=f"i-{number}")
    process(sandbox, account)
    (made,) = reports(sandbox, account)
    samples = made["error_types"][0]["sample_errors"]
    assert [one["request"]["identifier"] for one in samples] == ["i-0", "i-1"]


def test_a_window_gathers_the_errors_of_a_meter(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str
) -> None:
    sandbox.control("metering", account=account.id, report_seconds=DAY)
    for _ in range(2):
        report(client, "cus_nobody", 1)
    assert reports(sandbox, account) == []
    process(sandbox, account)
    assert [one["error_count"] for one in reports(sandbox, account)] == [2]
