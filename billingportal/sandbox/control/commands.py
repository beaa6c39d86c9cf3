"""Commands of the control API for customers, banks and the account's owner."""

from collections.abc import Callable

from billingportal.sandbox.billing.time import cycles
from billingportal.sandbox.checkout import commands as page_commands
from billingportal.sandbox.control import (
    bank_commands,
    clock_commands,
    fault_commands,
    metering_commands,
    object_commands,
    thin_event_commands,
)
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import TOKENS
from billingportal.sandbox.resources.core import tax_settings, test_clocks
from billingportal.sandbox.resources.customers import payment_methods, sources
from billingportal.sandbox.resources.hosted import portal_configurations, portal_parameters
from billingportal.sandbox.state.changes import updating

# A command of the control API in one mode of an account: its call and the request's parameters.
Command = Callable[[Call, Document], Document]


def settle_payments(call: Call, given: Document) -> Document:
    """Decide the debits in progress, all or those of one `invoice`: {outcome: succeeded|failed}."""
    outcome = given["outcome"]
    if outcome not in ("succeeded", "failed"):
        raise ValueError("outcome must be succeeded or failed")
    waiting = [invoice for invoice in call.store.objects.get("invoice", {}).values() if "_processing" in invoice]
    chosen = [invoice for invoice in waiting if given.get("invoice", invoice["id"]) == invoice["id"]]
    for invoice in chosen:
        call.play_at(invoice)
        cycles.settle(call, invoice, succeeded=outcome == "succeeded")
    return {"invoices": [invoice["id"] for invoice in chosen]}


def renew_card(call: Call, given: Document) -> Document:
    """The bank sends a new card: {payment_method}."""
    method = call.need("payment_method", given["payment_method"], "payment_method")
    payment_methods.renew(call, method)
    return {"exp_month": method["card"]["exp_month"], "exp_year": method["card"]["exp_year"]}


def default_portal(call: Call, given: Document) -> Document:
    """The owner saves the customer portal's settings in the dashboard: {features?}, as the API takes them."""
    features = portal_parameters.CHANGED_FEATURES.read(given.get("features", portal_configurations.USUAL), "features")
    for found in call.store.living(portal_configurations.KIND):
        if found["is_default"]:
            portal_configurations.change(call, found, {"features": features})
            return {"configuration": found["id"]}
    return {"configuration": portal_configurations.made(call, {"features": features}, is_default=True)["id"]}


def save_source(call: Call, given: Document) -> Document:
    """A customer has a card of the time before payment methods, as its default source: {customer}."""
    customer = call.need("customer", given["customer"], "customer")
    card = sources.attach_source(call, TOKENS["pm_card_visa"], customer["id"])
    with updating(call, "customer.updated", customer):
        customer["default_source"] = card["id"]
    return {"source": card["id"]}


COMMANDS: dict[str, Command] = {
    "checkout/complete": page_commands.complete_checkout,
    "checkout/expire": page_commands.expire_checkout,
    "clocks/age": clock_commands.age,
    "clocks/arrive": clock_commands.arrive,
    "clocks/fail": clock_commands.fail,
    "objects/alter": object_commands.show_otherwise,
    "objects/change": object_commands.change,
    "objects/delete": object_commands.delete,
    "objects/lose": object_commands.lose,
    "objects/restore": object_commands.restore,
    "disputes": bank_commands.dispute,
    "metering/age": metering_commands.age,
    "metering/lose": metering_commands.lose,
    "metering/process": metering_commands.process_now,
    "payment_methods/renew": renew_card,
    "payments/settle": settle_payments,
    "refunds/fail": bank_commands.fail_refund,
    "sources": save_source,
    "meters/report": thin_event_commands.report_meter_errors,
    "thin_events": thin_event_commands.notify,
    "tax": tax_settings.change,
    "plant": fault_commands.plant,
    "plant/clear": fault_commands.clear,
    "portal/default": default_portal,
    "time": test_clocks.pass_time,
}
