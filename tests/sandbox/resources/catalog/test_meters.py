"""Meters and the usage reported to them."""

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types


@pytest.fixture
def meter(client: stripe.StripeClient) -> stripe.billing.Meter:
    return client.v1.billing.meters.create(
        params={"display_name": "Messages", "event_name": "messages", "default_aggregation": {"formula": "sum"}}
    )


def test_defaults_are_stripes(meter: stripe.billing.Meter) -> None:
    assert meter.customer_mapping.event_payload_key == "stripe_customer_id"
    assert meter.value_settings.event_payload_key == "value"
    assert meter.status == "active"


def test_a_meters_life_in_events(client: stripe.StripeClient, meter: stripe.billing.Meter) -> None:
    client.v1.billing.meters.update(meter.id, params={"display_name": "Chats"})
    client.v1.billing.meters.deactivate(meter.id)
    client.v1.billing.meters.reactivate(meter.id)
    assert event_types(client) == [
        f"billing.meter.{what}" for what in ("created", "updated", "deactivated", "reactivated")
    ]


def test_an_event_name_has_one_meter(client: stripe.StripeClient, meter: stripe.billing.Meter) -> None:
    params: Any = {"display_name": "x", "event_name": "messages", "default_aggregation": {"formula": "count"}}
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.billing.meters.create(params=params)


def test_an_inactive_meter_takes_no_prices_and_no_usage(
    client: stripe.StripeClient, meter: stripe.billing.Meter
) -> None:
    client.v1.billing.meters.deactivate(meter.id)
    recurring: Any = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        client.v1.prices.create(
            params={"currency": "usd", "unit_amount": 1, "product_data": {"name": "x"}, "recurring": recurring}
        )
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": {"value": "1"}})


def test_usage_is_taken_once_for_each_identifier(client: stripe.StripeClient, meter: stripe.billing.Meter) -> None:
    params: Any = {
        "event_name": "messages",
        "payload": {"stripe_customer_id": "cus_x", "value": "25"},
        "identifier": "i",
    }
    assert client.v1.billing.meter_events.create(params=params).payload["value"] == "25"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.billing.meter_events.create(params=params)
    assert refused.value.param == "identifier"


@pytest.mark.parametrize("offset", [-36 * 24 * 3600, 600])
def test_usage_too_old_or_to_come_is_refused(
    client: stripe.StripeClient, meter: stripe.billing.Meter, offset: int
) -> None:
    params: Any = {"event_name": "messages", "payload": {"value": "1"}, "timestamp": int(time.time()) + offset}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.billing.meter_events.create(params=params)
    assert refused.value.param == "timestamp"


def test_summaries_add_up_by_customer_and_window(client: stripe.StripeClient, meter: stripe.billing.Meter) -> None:
    customer, other = (client.v1.customers.create(params={}).id for _ in range(2))
    hour = int(time.time()) // 3600 * 3600
    for moment, who, value in [(hour - 3600, customer, "2"), (hour - 1, customer, "4"), (hour - 1, other, "100")]:
        payload = {"stripe_customer_id": who, "value": value}
        params: Any = {"event_name": "messages", "payload": payload, "timestamp": moment}
        client.v1.billing.meter_events.create(params=params)
    bounds: Any = {"customer": customer, "start_time": hour - 7200, "end_time": hour}
    whole = client.v1.billing.meters.event_summaries.list(meter.id, params=bounds).data
    assert [summary.aggregated_value for summary in whole] == [6]
    hourly: Any = {**bounds, "value_grouping_window": "hour"}
    summaries = client.v1.billing.meters.event_summaries.list(meter.id, params=hourly).data
    assert [(summary.start_time, summary.aggregated_value) for summary in summaries] == [(hour - 3600, 6)]
    askew: Any = {**bounds, "start_time": hour - 7199}
    with pytest.raises(stripe.InvalidRequestError, match="aligned"):
        client.v1.billing.meters.event_summaries.list(meter.id, params=askew)
