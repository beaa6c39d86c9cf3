"""Refusals of a checkout session's parameters, in Stripe's words."""

from billingportal.sandbox.billing.invoicing.taxes import check_active, located
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document

TOGETHER = (("customer", "customer_email"), ("allow_promotion_codes", "discounts"))
SOONEST_TRIAL_END = 48 * 3600


def check(call: Call, customer: Document | None) -> None:
    """Raises Refused for parameters that do not go together."""
    given = call.parameters
    check_mode(given)
    for one, other in TOGETHER:
        if given.get(one) and given.get(other):
            raise invalid(f"You may only specify one of these parameters: {one}, {other}.", one)
    if "success_url" not in given:
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    check_trial(call)
    if given.get("automatic_tax", {}).get("enabled"):
        check_active(call)
    if customer is None:
        if "customer_update" in given:
            raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
        return
    updates = given.get("customer_update", {})
    if given.get("automatic_tax", {}).get("enabled") and not located(customer) and updates.get("address") != "auto":
        raise Refused(NO_ADDRESS, code="customer_tax_location_invalid", param="automatic_tax")
    if given.get("tax_id_collection", {}).get("enabled") and updates.get("name") != "auto":
        raise invalid(NO_NAME, "tax_id_collection")


def check_mode(given: Document) -> None:
    """Raises Refused for modes other than the sandbox's only one, and for parameters of other modes."""
    if "mode" not in given:
        raise invalid("Missing required param: mode.", "mode", "parameter_missing")
    if given["mode"] != "subscription":
        raise invalid(f"The sandbox does not know Checkout in `{given['mode']}` mode yet; Stripe does.", "mode")
    if given.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The sandbox knows Checkout as a `hosted_page` only yet; Stripe knows more.", "ui_mode")
    if "customer_creation" in given:
        raise invalid("`customer_creation` can only be used in `payment` and `setup` mode.", "customer_creation")


def check_trial(call: Call) -> None:
    """Raises Refused for two trials, and for one that ends too soon."""
    given = call.parameters.get("subscription_data", {})
    path = "subscription_data[trial_end]"
    if "trial_end" in given and "trial_period_days" in given:
        message = "You may only specify one of these parameters: subscription_data[trial_end], "
        raise invalid(message + "subscription_data[trial_period_days].", path)
    if "trial_end" in given and given["trial_end"] < call.now() + SOONEST_TRIAL_END:
        raise invalid(f"The `{path}` timestamp has to be at least 2 days in the future.", path)


NO_ADDRESS = (
    "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the "
    "Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the "
    "address entered in Checkout to the Customer."
)
NO_NAME = (
    "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing "
    "customer, please set `customer_update[name]` to `auto`."
)
