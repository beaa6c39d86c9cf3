"""A customer's usage of a meter and its cost."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from billingportal.sandbox.amounts import charges
from billingportal.sandbox.billing.invoicing.lines import Draft, is_metered, line_draft
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Store

METER_EVENT = "billing.meter_event"


def events_of(store: Store, meter: Document, customer: str, known: int = 0) -> Iterator[tuple[int, Decimal]]:
    """Time and value of a customer's usage, in the order of the reports; skips the first `known` reports of all."""
    customer_key = meter["customer_mapping"]["event_payload_key"]
    value_key = meter["value_settings"]["event_payload_key"]
    for event in islice(store.objects.get(METER_EVENT, {}).values(), known, None):
        payload = event["payload"]
        if event["event_name"] == meter["event_name"] and payload.get(customer_key) == customer:
            yield event["timestamp"], Decimal(payload.get(value_key, "1"))


def aggregated(meter: Document, values: list[Decimal]) -> Decimal:
    """Aggregate reported values by the meter's formula."""
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(values))
    if formula == "last":
        return values[-1] if values else Decimal(0)
    return sum(values, Decimal(0))


def usage_drafts(store: Store, item: Document, subscription: Document, until: int) -> Iterator[Draft]:
    """The lines for a metered item's usage in its period, up to and with the second `until`.

    Negative usage costs nothing; usage closed by `close_usage` is left out.
    """
    price = store.objects["price"][item["price"]]
    meter = store.objects["billing.meter"][price["recurring"]["meter"]]
    start = item["current_period_start"]
    reported = events_of(store, meter, subscription["customer"], item.get("_reports_billed", 0))
    used = aggregated(meter, [value for moment, value in reported if start <= moment <= until])
    for charge in charges(price, max(used, Decimal(0)), subscription["currency"]):
        yield line_draft(store, item, price, charge, subscription["currency"])


def unbilled(call: Call, subscription: Document, item: Document) -> list[Draft]:
    """The lines for a metered item's usage in the period that ends now; none where usage and amount are zero."""
    if not is_metered(call.store, item) or subscription["status"] == "trialing":
        return []
    ended = {**item, "current_period_end": call.now()}
    drafts = usage_drafts(call.store, ended, subscription, call.now())
    return [draft for draft in drafts if draft.quantity or draft.amount]


def close_usage(store: Store, item: Document) -> None:
    """Mark all reports so far as billed: only later reports count, whatever second they are of."""
    item["_reports_billed"] = len(store.objects.get(METER_EVENT, {}))
