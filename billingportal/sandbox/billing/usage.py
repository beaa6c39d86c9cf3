"""What a customer has used of a meter, and what that costs."""

from collections.abc import Iterator
from decimal import Decimal

from billingportal.sandbox.amounts import charges
from billingportal.sandbox.billing.lines import Draft, line_draft
from billingportal.sandbox.state import Store
from billingportal.sandbox.wire import Document


def events_of(store: Store, meter: Document, customer: str) -> Iterator[tuple[int, Decimal]]:
    """When a customer used how much, in the order of the reports."""
    customer_key = meter["customer_mapping"]["event_payload_key"]
    value_key = meter["value_settings"]["event_payload_key"]
    for event in store.objects.get("billing.meter_event", {}).values():
        payload = event["payload"]
        if event["event_name"] == meter["event_name"] and payload.get(customer_key) == customer:
            yield event["timestamp"], Decimal(payload.get(value_key, "1"))


def aggregated(meter: Document, values: list[Decimal]) -> Decimal:
    """Some reported values as one, by the meter's formula."""
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(values))
    if formula == "last":
        return values[-1] if values else Decimal(0)
    return sum(values, Decimal(0))


def usage_drafts(store: Store, item: Document, subscription: Document, until: int) -> Iterator[Draft]:
    """The lines for what a metered item has used in its period, up to and with the second `until`.

    Usage below nothing costs nothing.
    """
    price = store.objects["price"][item["price"]]
    meter = store.objects["billing.meter"][price["recurring"]["meter"]]
    start = item["current_period_start"]
    reported = events_of(store, meter, subscription["customer"])
    used = aggregated(meter, [value for moment, value in reported if start <= moment <= until])
    for charge in charges(price, max(used, Decimal(0)), subscription["currency"]):
        yield line_draft(store, item, price, charge, subscription["currency"])
