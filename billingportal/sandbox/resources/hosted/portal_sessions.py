"""Sessions of the customer portal: short-lived access for a customer."""

from billingportal.sandbox.billing.invoicing.lines import is_metered
from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.hosted import portal_configurations, portal_parameters
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id, new_secret

KIND = "billing_portal.session"
# The feature that a flow requires.
NEEDED = {"subscription_update_confirm": "subscription_update"}
FLOWS = ("subscription_cancel", "subscription_pause", "subscription_update", "subscription_update_confirm")
NOT_SWITCHABLE = "This subscription cannot be updated because {0}."


def create(call: Call) -> Document:
    """A new session with its address."""
    given = call.parameters
    customer = call.given("customer", "customer")
    configuration = configuration_for(call)
    secret = new_secret(f"{call.store.mode}_", 42)
    session = {
        "id": new_id("bps"),
        "object": KIND,
        "after_expiration": after_expiration(given.get("after_expiration")),
        "configuration": configuration["id"],
        "created": now(),
        "customer": customer["id"],
        "customer_account": None,
        "flow": flow(call, customer, configuration, given["flow_data"]) if "flow_data" in given else None,
        "livemode": call.livemode,
        "locale": given.get("locale"),
        "on_behalf_of": None,
        "return_url": given.get("return_url", configuration["default_return_url"]),
        "url": f"{call.address}/p/session/{secret}",
        "_secret": secret,
        "_seen": None,
    }
    call.store.put(session)
    emit(call, "billing_portal.session.created", session)
    return session


def configuration_for(call: Call) -> Document:
    """The given configuration, else the account's default. Raises Refused when there is none, or it is inactive."""
    if "configuration" in call.parameters:
        configuration = call.given(portal_configurations.KIND, "configuration")
        if not configuration["active"]:
            message = f"The configuration {configuration['id']} is inactive. Please use an active configuration."
            raise invalid(message, "configuration")
        return configuration
    for found in call.store.living(portal_configurations.KIND):
        if found["is_default"]:
            return found
    mode, path = ("live", "") if call.livemode else ("test", "test/")
    message = (
        f"No configuration provided and your {mode} mode default configuration has not been created. Provide a "
        f"configuration or create your default by saving your customer portal settings in {mode} mode at "
        f"https://dashboard.stripe.com/{path}settings/billing/portal."
    )
    raise invalid(message)


def after_expiration(given: Document | None) -> Document | None:
    """The session's settings after expiration, with every attribute."""
    if given is None:
        return None
    login = given.get("customer_login", {})
    return {"customer_login": {"expires_at": login.get("expires_at")}, "type": given["type"]}


def flow(call: Call, customer: Document, configuration: Document, given: Document) -> Document:
    """The session's flow for the customer. Raises Refused for actions that are not possible there."""
    kind = given["type"]
    feature = NEEDED.get(kind, kind)
    if not configuration["features"][feature]["enabled"]:
        message = f"The {feature} feature is disabled in the portal configuration {configuration['id']}."
        raise invalid(message, "flow_data[type]")
    parts: dict[str, object] = dict.fromkeys(("customer_update", *FLOWS))
    if kind == "customer_update":
        parts[kind] = {}
    elif kind in FLOWS:
        path = f"flow_data[{kind}]"
        if kind not in given:
            raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
        subscription = subscription_for(call, customer, given[kind]["subscription"], f"{path}[subscription]")
        check_flow(call, subscription, configuration, kind, given[kind])
        parts[kind] = part(kind, given[kind])
    return {"after_completion": after_completion(given.get("after_completion")), **parts, "type": kind}


def part(kind: str, given: Document) -> Document:
    """A flow's own part, with every attribute."""
    if kind == "subscription_cancel":
        return {"retention": given.get("retention"), "subscription": given["subscription"]}
    if kind == "subscription_update_confirm":
        items = [{"price": None, "quantity": None, **item} for item in given["items"]]
        return {"discounts": None, "items": items, "subscription": given["subscription"]}
    return {"subscription": given["subscription"]}


def after_completion(given: Document | None) -> Document:
    """The page after the flow. Raises Refused for a redirect without an address."""
    blank = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    if given is None:
        return blank
    if given["type"] == "redirect" and "redirect" not in given:
        path = "flow_data[after_completion][redirect]"
        raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
    whole = {**blank, **given}
    if given["type"] == "hosted_confirmation":
        whole["hosted_confirmation"] = {"custom_message": None, **given.get("hosted_confirmation", {})}
    return whole


def subscription_for(call: Call, customer: Document, identifier: str, path: str) -> Document:
    """A running subscription of the customer. Raises Refused for another customer's and ended ones."""
    subscription = call.need("subscription", identifier, path, status=400)
    if subscription["customer"] != customer["id"]:
        message = f"The subscription {identifier} does not belong to the customer {customer['id']}."
        raise invalid(message, path)
    if subscription["status"] in ENDED:
        raise invalid(f"The subscription {identifier} has already been canceled.", path)
    return subscription


def check_flow(call: Call, subscription: Document, configuration: Document, kind: str, given: Document) -> None:
    """Raises Refused for a flow that the portal does not support for this subscription."""
    path = f"flow_data[{kind}]"
    if kind == "subscription_cancel" and subscription["cancel_at"] is not None:
        message = f"The subscription {subscription['id']} is already set to be canceled."
        raise invalid(message, f"{path}[subscription]")
    if kind in ("subscription_update", "subscription_update_confirm"):
        reason = why_fixed(call, subscription)
        if reason is not None:
            raise invalid(NOT_SWITCHABLE.format(reason), f"{path}[subscription]")
    if kind == "subscription_update_confirm":
        check_confirmed(call, subscription, configuration, given["items"], f"{path}[items]")


def why_fixed(call: Call, subscription: Document) -> str | None:
    """The reason why customers cannot switch this subscription in the portal; None where they can."""
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    if len(items) > 1:
        return "it contains multiple subscription items"
    if any(is_metered(call.store, item) for item in items):
        return "its price is billed by usage"
    if subscription["collection_method"] == "send_invoice":
        return "it is set to `collection_method=send_invoice`"
    if subscription["schedule"] is not None:
        return f"it is managed by the subscription schedule {subscription['schedule']}"
    return None


def check_confirmed(
    call: Call, subscription: Document, configuration: Document, items: list[Document], path: str
) -> None:
    """Raises Refused unless there is one item, the subscription's own, with a price of the configuration."""
    if len(items) != 1:
        raise invalid("Exactly one subscription item must be given.", path)
    if items[0]["id"] not in subscription["_items"]:
        raise call.absent("subscription_item", items[0]["id"], f"{path}[0][id]", status=400)
    if "price" in items[0] and items[0]["price"] not in offered(configuration):
        raise not_offered(items[0]["price"], configuration, f"{path}[0][price]")


def offered(configuration: Document) -> list[str]:
    """The prices that customers may switch to."""
    return [
        price
        for product in configuration["features"]["subscription_update"]["products"] or []
        for price in product["prices"]
    ]


def not_offered(price: str, configuration: Document, path: str) -> Refused:
    """The refusal of a price that the configuration does not name."""
    message = (
        f"The price {price} must be included in the configuration's `features.subscription_update.products` "
        f"({configuration['id']})."
    )
    return invalid(message, path)


OPERATIONS = [
    Operation("POST", "/v1/billing_portal/sessions", KIND, create, portal_parameters.SESSION, "customer_portal:write"),
]
