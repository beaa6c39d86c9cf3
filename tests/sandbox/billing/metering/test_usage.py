"""What meters make of the events that they count."""

import time

import pytest
import stripe

from tests.sandbox.billing.metering.build import DAY, new_meter, report, summaries, total
from tests.sandbox.clocks import HOUR, START, customer_on, new_clock


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return customer_on(client, new_clock(client, START + 3 * DAY)).id


def used(client: stripe.StripeClient, meter: stripe.billing.Meter, customer: str, days: int = 3) -> float:
    return total(client, meter.id, customer, START, START + days * DAY)


def test_the_newest_moment_is_the_last_value_however_late_others_arrive(
    client: stripe.StripeClient, customer: str
) -> None:
    meter = new_meter(client, "last")
    report(client, customer, 7, START + 20)
    report(client, customer, 3, START + 10)
    assert used(client, meter, customer) == 7
    report(client, customer, 4, START + 20)
    assert used(client, meter, customer) == 4


def test_the_last_value_does_not_go_on_into_a_time_without_an_event(client: stripe.StripeClient, customer: str) -> None:
    meter = new_meter(client, "last")
    report(client, customer, 7, START)
    assert total(client, meter.id, customer, START + DAY, START + 2 * DAY) == 0


def test_count_counts_events_whatever_their_value(client: stripe.StripeClient, customer: str) -> None:
    meter = new_meter(client, "count")
    for value in (5, 0, -2):
        report(client, customer, value, START)
    assert used(client, meter, customer) == 3


@pytest.mark.parametrize(
    ("formula", "window", "expected"),
    [("sum", "hour", 5 + 1 + 9), ("sum", "day", 1 + 9), ("count", "hour", 3), ("count", "day", 2), ("last", "day", 9)],
)
def test_a_window_keeps_only_its_newest_event(
    client: stripe.StripeClient, customer: str, formula: str, window: str, expected: int
) -> None:
    meter = new_meter(client, formula, event_time_window=window)
    for value, at in ((5, HOUR - 1), (8, 10), (1, HOUR), (9, DAY)):
        report(client, customer, value, START + at)
    assert used(client, meter, customer) == expected


def test_a_meter_may_name_its_keys_in_the_payload(client: stripe.StripeClient, customer: str) -> None:
    mapping = {"event_payload_key": "account", "type": "by_id"}
    meter = new_meter(client, customer_mapping=mapping, value_settings={"event_payload_key": "tokens"})
    report(client, "ignored", 1, START, payload={"account": customer, "tokens": "6"})
    report(client, customer, 4)
    assert used(client, meter, customer) == 6


@pytest.mark.parametrize("value", ["999999999999999", "-999999999999999", "000000000000000042"])
def test_fifteen_digits_are_exact(client: stripe.StripeClient, customer: str, value: str) -> None:
    meter = new_meter(client)
    report(client, customer, value, START)
    assert used(client, meter, customer) == int(value)


@pytest.mark.parametrize("value", ["1234567890123456", "1" + 26 * "0", "-1234567890123456", "123456789012345.6"])
def test_more_than_fifteen_digits_are_refused_at_once(client: stripe.StripeClient, customer: str, value: str) -> None:
    new_meter(client)
    with pytest.raises(stripe.InvalidRequestError, match="15 significant digits"):
        report(client, customer, value, START)


def test_all_pages_of_the_summaries_end(client: stripe.StripeClient, customer: str) -> None:
    meter = new_meter(client)
    for hour in range(23):
        report(client, customer, hour, START + hour * HOUR)
    where: tuple[str, str, int, int] = (meter.id, customer, START, START + DAY)
    listed = summaries(client, *where, value_grouping_window="hour", limit=10)
    pages = [[one.aggregated_value for one in listed.data]]
    while listed.has_more:
        listed = listed.next_page()
        pages.append([one.aggregated_value for one in listed.data])
        assert len(pages) <= 3
    assert pages == [[*range(22, 12, -1)], [*range(12, 2, -1)], [2, 1, 0]]
    before = summaries(client, *where, value_grouping_window="hour", limit=2, ending_before=listed.data[0].id)
    assert [one.aggregated_value for one in before.data] == [4, 3]
    with pytest.raises(stripe.InvalidRequestError):
        summaries(client, *where, value_grouping_window="hour", starting_after="mtrusg_x")


def test_windows_of_summaries_lie_on_whole_hours_and_days(client: stripe.StripeClient, customer: str) -> None:
    meter = new_meter(client)
    for at in (0, DAY - 1, DAY):
        report(client, customer, 1, START + at)
    days = summaries(client, meter.id, customer, START, START + 3 * DAY, value_grouping_window="day")
    found = [(one.start_time, one.end_time, one.aggregated_value) for one in days.data]
    assert found == [(START + DAY, START + 2 * DAY, 1), (START, START + DAY, 2)]
    with pytest.raises(stripe.InvalidRequestError, match="aligned"):
        summaries(client, meter.id, customer, START + HOUR, START + 3 * DAY, value_grouping_window="day")


def test_anybody_with_a_key_may_report_to_a_meter(client: stripe.StripeClient) -> None:
    """A foreign sender's events are as good as ours: only the total tells of them."""
    meter, customer = new_meter(client), client.v1.customers.create(params={}).id
    report(client, customer, 5)
    client.v1.billing.meter_events.create(
        params={"event_name": "messages", "payload": {"stripe_customer_id": customer, "value": "90"}}
    )
    today = int(time.time()) // DAY * DAY
    assert total(client, meter.id, customer, today - DAY, today + 2 * DAY) == 95
