"""Actions of the customer portal's forms. Each takes its call; Stripe's refusals pass through."""

from dataclasses import replace

from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.billing.subscription import resume as subscription_resume
from billingportal.sandbox.customer_portal.visit import Visit
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import TestCard
from billingportal.sandbox.resources.customers import customers as customer_customers
from billingportal.sandbox.resources.customers import payment_methods, tax_ids
from billingportal.sandbox.state.changes import updating


def doing(call: Call, **parameters: object) -> Call:
    """The call with the given API parameters."""
    return replace(call, parameters=parameters)


def subscription_for(call: Call, visit: Visit, identifier: str) -> Document:
    """A running subscription of the visitor. Raises Refused for any other."""
    subscription = call.need("subscription", identifier, "subscription")
    if subscription["customer"] != visit.customer["id"] or subscription["status"] in ENDED:
        raise call.absent("subscription", identifier, "subscription")
    return subscription


def add_method(call: Call, visit: Visit, card: TestCard, name: str) -> None:
    """Add a card or account, and make it the default everywhere. Raises Refused when it is declined."""
    customer = call.need("customer", visit.customer["id"], "customer")
    details = {"name": name or None, "email": customer["email"]}
    method = payment_methods.attach_card(call, card, customer["id"], details)
    make_default(call, visit, method["id"])


def make_default(call: Call, visit: Visit, method: str) -> None:
    """Make a method the default of the customer, and of each subscription that had its own."""
    customer = call.need("customer", visit.customer["id"], "customer")
    with updating(call, "customer.updated", customer):
        param = "payment_method"
        chosen = payment_methods.usable(call, method, customer["id"], param)
        customer["invoice_settings"]["default_payment_method"] = chosen
    for identifier in customer["_subscriptions"]:
        subscription = call.store.objects["subscription"][identifier]
        if subscription["status"] not in ENDED and subscription["default_payment_method"] is not None:
            subscription_changes.update(doing(call, default_payment_method=chosen), subscription)


def remove_method(call: Call, visit: Visit, method: str) -> None:
    """Remove a card. Raises Refused for another customer's card, and for the one that pays subscriptions."""
    chosen = payment_methods.usable(call, method, visit.customer["id"], "payment_method")
    running = [call.store.objects["subscription"][one] for one in visit.customer["_subscriptions"]]
    used = [one["default_payment_method"] for one in running if one["status"] not in ENDED]
    if chosen in (*used, visit.customer["invoice_settings"]["default_payment_method"]) and used:
        raise invalid("This payment method is used by a subscription. Make another one the default first.")
    payment_methods.detach(doing(call), chosen)


def cancel(call: Call, visit: Visit, subscription: Document, form: dict[str, str]) -> None:
    """End a subscription as the configuration says: at the end of its period, or now."""
    feature = visit.configuration["features"]["subscription_cancel"]
    details = {name: form[name] for name in ("comment", "feedback") if form.get(name)}
    if feature["mode"] == "immediately":
        prorate = feature["proration_behavior"] != "none"
        subscription_cancellation.cancel(doing(call, prorate=prorate, cancellation_details=details), subscription)
        return
    flexible = subscription["billing_mode"]["type"] == "flexible"
    end = {"cancel_at": "max_period_end"} if flexible else {"cancel_at_period_end": True}
    subscription_changes.update(doing(call, **end, cancellation_details=details), subscription)


def renew(call: Call, subscription: Document) -> None:
    """Withdraw a subscription's scheduled end."""
    subscription_changes.update(doing(call, cancel_at=""), subscription)


def pause_or_resume(call: Call, subscription: Document) -> None:
    """Pause a subscription, or resume it once that is paid. Raises Refused where Stripe allows neither."""
    if subscription["status"] == "paused":
        subscription_resume.resume(doing(call, payment_behavior="resume_on_payment_success"), subscription)
    else:
        subscription_resume.pause(doing(call), subscription)


def change_information(call: Call, visit: Visit, form: dict[str, str]) -> None:
    """Change name, e-mail, phone, address and tax id, as far as the configuration allows."""
    allowed = visit.configuration["features"]["customer_update"]["allowed_updates"]
    given: Document = {name: form.get(name, "") for name in ("email", "name", "phone") if name in allowed}
    if "address" in allowed:
        given["address"] = {name: form.get(name, "") for name in customer_customers.BLANK_ADDRESS}
    customer_customers.check_email(given)
    if "tax_id" in allowed:
        change_tax_id(call, visit, form.get("tax_id_type", ""), form.get("tax_id", "").strip())
    customer_customers.update(doing(call, **given), visit.customer["id"])


def change_tax_id(call: Call, visit: Visit, kind: str, value: str) -> None:
    """Replace the customer's tax id with the submitted one; an empty one removes it."""
    own = tax_ids.of(call, visit.customer)
    if value and (kind, value) in [(one["type"], one["value"]) for one in own]:
        return
    if value:
        tax_ids.CREATE.read({"type": kind, "value": value}, "")
        tax_ids.add(call, visit.customer, kind, value)
    for one in own:
        tax_ids.remove(call, one)
