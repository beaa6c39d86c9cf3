"""A customer's usage of a meter and its cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from billingportal.sandbox.amounts import charges
from billingportal.sandbox.billing.invoicing.lines import Draft, is_metered, line_draft
from billingportal.sandbox.billing.metering.checks import value_key
from billingportal.sandbox.billing.metering.processing import EVENT, has_passed
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.store import Store

WINDOWS = {"hour": 3600, "day": 24 * 3600}


@dataclass(frozen=True)
class Use:
    """One counted event: its time, in seconds, and its value."""

    at: int
    value: Decimal


def events_of(call: Call, meter: Document, customer: str, *, known: int = 0, lagging: bool = False) -> list[Use]:
    """A customer's counted events of a meter in the order of their times, those of one time as received.

    Skips the first `known` events that the account received, and, if `lagging`, those that summaries lack yet.
    """
    lag = setting(call.account, "metering")["summary_seconds"] if lagging else 0
    key = value_key(meter)
    found = [
        Use(event["timestamp"], Decimal(event["payload"][key]))
        for event in call.store.objects.get(EVENT, {}).values()
        if event["_customer"] == customer
        and event["_meter"] == meter["id"]
        and event["_state"] == "counted"
        and event["_number"] > known
        and (lag == 0 or has_passed(call, event, "_decided", customer, lag))
    ]
    return sorted(found, key=lambda use: use.at)


def aggregated(meter: Document, used: list[Use]) -> Decimal:
    """Aggregate events, in the order of their times, by the meter's formula.

    A meter with a window keeps only the newest event of each hour or UTC day.
    """
    window = WINDOWS.get(meter["event_time_window"] or "")
    kept = used if window is None else list({use.at // window: use for use in used}.values())
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(kept))
    if formula == "last":
        return kept[-1].value if kept else Decimal(0)
    return sum((use.value for use in kept), Decimal(0))


def usage_drafts(call: Call, item: Document, subscription: Document, until: int) -> Iterator[Draft]:
    """The lines for a metered item's usage in its period, up to and with the second `until`.

    Negative usage costs nothing; usage closed by `close_usage` is left out. Previews lag behind as summaries do.
    """
    store, currency = call.store, subscription["currency"]
    price = store.objects["price"][item["price"]]
    meter = store.objects["billing.meter"][price["recurring"]["meter"]]
    start, known = item["current_period_start"], item.get("_reports_billed", 0)
    reported = events_of(call, meter, subscription["customer"], known=known, lagging=call.previews)
    used = aggregated(meter, [use for use in reported if start <= use.at <= until])
    for charge in charges(price, max(used, Decimal(0)), currency):
        yield line_draft(store, item, price, charge, currency)


def unbilled(call: Call, subscription: Document, item: Document, until: int) -> list[Draft]:
    """The lines for a metered item's usage in the period that ends now; none where usage and amount are zero.

    Counts events up to and with the second `until`.
    """
    if not is_metered(call.store, item) or subscription["status"] == "trialing":
        return []
    ended = {**item, "current_period_end": call.now()}
    drafts = usage_drafts(call, ended, subscription, until)
    return [draft for draft in drafts if draft.quantity or draft.amount]


def close_usage(store: Store, item: Document) -> None:
    """Mark all reports so far as billed: only later reports count, whatever second they are of."""
    item["_reports_billed"] = len(store.objects.get(EVENT, {}))
