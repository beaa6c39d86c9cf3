"""Configurations of the customer portal: the features that customers may use."""

from collections.abc import Iterator
from copy import deepcopy

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import ONLY_EXPAND, merged, or_none
from billingportal.sandbox.http.lists import Page, equal, page
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.hosted import portal_parameters
from billingportal.sandbox.resources.subscriptions.parameters import FEEDBACK
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id, new_secret

KIND = "billing_portal.configuration"
EVERY_REASON = list(FEEDBACK.words)
NO_FEATURES: Document = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": EVERY_REASON},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {"interval_options": [{"interval": "month", "interval_count": 1}], "type": "interval_options"},
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": "unchanged",
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
# The features enabled in the dashboard's settings, as request parameters.
USUAL: Document = {
    "customer_update": {"allowed_updates": {"0": "email", "1": "address", "2": "tax_id"}, "enabled": "true"},
    "invoice_history": {"enabled": "true"},
    "payment_method_update": {"enabled": "true"},
    "subscription_cancel": {"enabled": "true"},
}
AS_A_LIST = ("allowed_updates", "default_allowed_updates", "interval_options", "options", "products")


def create(call: Call) -> Document:
    """A new configuration."""
    return made(call, call.parameters, is_default=False)


def made(call: Call, given: Document, *, is_default: bool) -> Document:
    """A configuration; only the owner's settings in the dashboard make the default one. Raises Refused."""
    configuration: Document = {
        "id": new_id("bpc"),
        "object": KIND,
        "active": True,
        "application": None,
        "business_profile": dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url")),
        "created": now(),
        "default_return_url": None,
        "features": deepcopy(NO_FEATURES),
        "is_default": is_default,
        "livemode": call.livemode,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now(),
    }
    apply(call, configuration, given)
    call.store.put(configuration)
    emit(call, "billing_portal.configuration.created", configuration)
    return configuration


def apply(call: Call, configuration: Document, given: Document) -> None:
    """Put the given parameters into a configuration. Raises Refused for features that do not go together."""
    for name in ("default_return_url", "name"):
        if name in given:
            configuration[name] = or_none(given[name])
    for name, value in given.get("business_profile", {}).items():
        configuration["business_profile"][name] = or_none(value)
    for name, wanted in given.get("features", {}).items():
        fill(configuration["features"][name], wanted)
    check_features(call, configuration["features"])
    if "login_page" in given:
        enabled = given["login_page"]["enabled"]
        url = f"{call.address}/p/login/{new_secret('', 24)}" if enabled else None
        configuration["login_page"] = {"enabled": enabled, "url": url}
    if "metadata" in given:
        configuration["metadata"] = merged(configuration["metadata"], given["metadata"])


def fill(feature: Document, wanted: Document) -> None:
    """The given parameters of a feature, or of a part of one; an empty value empties a list."""
    for name, value in wanted.items():
        if isinstance(value, dict):
            fill(feature[name], value)
        elif name == "products":
            feature[name] = [whole_product(product) for product in value or []]
        elif name == "interval_options":
            feature[name] = [{"interval_count": 1, **option} for option in value or []]
        else:
            feature[name] = [] if name in AS_A_LIST and not value else or_none(value)


def whole_product(given: Document) -> Document:
    """A product that customers may switch to, with every attribute."""
    quantity = {"enabled": False, "maximum": None, "minimum": 1, **given.get("adjustable_quantity", {})}
    return {"adjustable_quantity": quantity, "prices": list(given["prices"]), "product": given["product"]}


def check_features(call: Call, features: Document) -> None:
    """Raises Refused for combinations that Stripe does not allow."""
    cancel, update = features["subscription_cancel"], features["subscription_update"]
    path = "features[subscription_cancel][proration_behavior]"
    if cancel["proration_behavior"] == "always_invoice":
        raise invalid("`always_invoice` is not supported when customers cancel their subscription.", path)
    if cancel["proration_behavior"] == "create_prorations" and cancel["mode"] == "at_period_end":
        raise invalid("`create_prorations` is only compatible with `mode=immediately`.", path)
    if update["enabled"]:
        path = "features[subscription_update]"
        if not update["default_allowed_updates"]:
            raise missing_part(f"{path}[default_allowed_updates]")
        if not update["products"]:
            raise missing_part(f"{path}[products]")
        for position, product in enumerate(update["products"]):
            check_product(call, product, f"{path}[products][{position}]")


def missing_part(path: str) -> Refused:
    """The refusal of an enabled feature without a required parameter."""
    return invalid(f"You must provide `{path}` when subscription updates are enabled.", path, "parameter_missing")


def check_product(call: Call, product: Document, path: str) -> None:
    """Raises Refused for prices of another product, one-time prices, and two prices of one interval."""
    call.need("product", product["product"], f"{path}[product]", status=400)
    intervals = set()
    for position, price in enumerate(prices_of(call, product, path)):
        here = f"{path}[prices][{position}]"
        if price["product"] != product["product"]:
            raise invalid(f"The price {price['id']} does not belong to the product {product['product']}.", here)
        if price["type"] != "recurring":
            raise invalid(f"The price {price['id']} is not recurring.", here)
        interval = price["recurring"]["interval"], price["recurring"]["interval_count"], price["currency"]
        if interval in intervals:
            raise invalid("Prices of one product must have different billing intervals.", here)
        intervals.add(interval)


def prices_of(call: Call, product: Document, path: str) -> Iterator[Document]:
    """The prices of a product that customers may switch to. Raises Refused for unknown ones."""
    for position, price in enumerate(product["prices"]):
        yield call.need("price", price, f"{path}[prices][{position}]", status=400)


def retrieve(call: Call, identifier: str) -> Document:
    """One configuration."""
    return call.need(KIND, identifier, "configuration")


def index(call: Call) -> Page:
    """Configurations, newest first."""
    tests = (equal(call, "active", "is_default"),)
    return page(call, KIND, "/v1/billing_portal/configurations", call.store.newest_first(KIND), *tests)


def update(call: Call, identifier: str) -> Document:
    """Change a configuration, or deactivate it."""
    configuration = call.need(KIND, identifier, "configuration")
    if configuration["is_default"] and not call.parameters.get("active", True):
        raise invalid("You cannot deactivate the default configuration.", "active")
    change(call, configuration, call.parameters)
    return configuration


def change(call: Call, configuration: Document, given: Document) -> None:
    """Put the given parameters into a configuration and emit the update. Raises Refused."""
    with updating(call, "billing_portal.configuration.updated", configuration):
        apply(call, configuration, given)
        configuration.update(active=given.get("active", configuration["active"]), updated=now())


READ, WRITE = "customer_portal:read", "customer_portal:write"
PATH = "/v1/billing_portal/configurations"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, portal_parameters.CREATE, WRITE),
    Operation("GET", PATH, KIND, index, portal_parameters.LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, portal_parameters.UPDATE, WRITE),
]
