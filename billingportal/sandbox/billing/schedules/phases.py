"""The phases of a schedule: from a subscription's current items or from an update, and their dates."""

from billingportal.sandbox.billing.schedules.phase_terms import item_terms, read_terms
from billingportal.sandbox.billing.subscription.items import check_together, interval_of, price_for, quantity_for
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after

MOST = 10
NOTHING_YET: Document = {
    "add_invoice_items": [],
    "application_fee_percent": None,
    "automatic_tax": None,
    "billing_cycle_anchor": None,
    "billing_thresholds": None,
    "collection_method": None,
    "default_payment_method": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "invoice_settings": None,
    "metadata": {},
    "on_behalf_of": None,
    "proration_behavior": "create_prorations",
    "transfer_data": None,
    "trial_end": None,
}


def phase_of(call: Call, subscription: Document) -> Document:
    """The subscription's current phase: its items until their periods end, or until its own end."""
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    return {
        **NOTHING_YET,
        "currency": subscription["currency"],
        "end_date": subscription["cancel_at"] or max(item["current_period_end"] for item in items),
        "items": items_of(call, subscription),
        "metadata": {},
        "start_date": min(item["current_period_start"] for item in items),
        "trial_end": subscription["trial_end"] if subscription["status"] == "trialing" else None,
    }


def items_of(call: Call, subscription: Document) -> list[Document]:
    """The items of a phase that leaves a subscription's items as they are."""
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    return [phase_item(item["price"], item["quantity"], item["metadata"]) for item in items]


def phase_item(price: str, quantity: int | None, metadata: Document) -> Document:
    """One item of a phase."""
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": dict(metadata),
        "plan": price,
        "price": price,
        "quantity": quantity,
        "tax_rates": [],
    }


def read_phases(call: Call, schedule: Document, subscription: Document) -> list[Document]:
    """The phases of an update, from the current one on, after the completed ones. Raises Refused."""
    given = call.parameters["phases"]
    current = schedule["current_phase"]
    if not 0 < len(given) <= MOST:
        raise invalid(f"A schedule needs between 1 and {MOST} current and future phases.", "phases")
    over = [phase for phase in schedule["phases"] if phase["end_date"] <= current["start_date"]]
    given = [one for one in given if one.get("start_date") not in {phase["start_date"] for phase in over}]
    if not given or given[0].get("start_date") != current["start_date"]:
        raise wrong_start(given, current)
    phases, start = over, current["start_date"]
    for position, one in enumerate(given):
        phase = read_phase(call, one, subscription, start, f"phases[{position}]")
        phases, start = [*phases, phase], phase["end_date"]
    return phases


def wrong_start(given: list[Document], current: Document) -> Refused:
    """The refusal of phases that do not begin with the current one."""
    if not given or "start_date" not in given[0]:
        return invalid("The first phase must have a `start_date`.", "phases[0][start_date]", "parameter_missing")
    message = "You can not modify the start date of the current phase. It started at"
    return invalid(f"{message} {current['start_date']}.", "phases[0][start_date]")


def read_phase(call: Call, given: Document, subscription: Document, start: int, path: str) -> Document:
    """One phase that begins at `start`. Raises Refused."""
    if given.get("start_date", start) != start:
        raise invalid("Phases must follow each other without a gap.", f"{path}[start_date]")
    prices = [price_for(call, item, f"{path}[items][{number}]") for number, item in enumerate(given["items"])]
    flexible = subscription["billing_mode"]["type"] == "flexible"
    check_together(call, prices, subscription["currency"], flexible=flexible, path=f"{path}[items]")
    items = [
        phase_item(price["id"], quantity_for(price, item, f"{path}[items][{number}]"), item.get("metadata", {}))
        | item_terms(call, item, subscription, f"{path}[items][{number}]")
        for number, (price, item) in enumerate(zip(prices, given["items"], strict=True))
    ]
    return {
        **NOTHING_YET,
        **read_terms(call, given, subscription, path),
        "currency": subscription["currency"],
        "end_date": end_of(call, given, prices, start, path),
        "items": items,
        "proration_behavior": given.get("proration_behavior", "create_prorations"),
        "start_date": start,
        "trial_end": given.get("trial_end"),
    }


def end_of(call: Call, given: Document, prices: list[Document], start: int, path: str) -> int:
    """When a phase ends: as given, or after one interval of its first price. Raises Refused for an end in the past."""
    if "duration" in given and "end_date" in given:
        raise invalid("You may only specify one of these parameters: duration, end_date.", f"{path}[end_date]")
    interval, count = interval_of(prices[0])
    if "duration" in given:
        interval, count = given["duration"]["interval"], given["duration"].get("interval_count", 1)
    end = given.get("end_date", after(start, interval, count))
    if end == "now":
        return call.now()
    if end <= start or end < call.now():
        raise invalid("The end date of a phase must be after its start date, and not be over.", f"{path}[end_date]")
    return int(end)
