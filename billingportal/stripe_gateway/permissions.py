"""The rights that a restricted key needs, and the check which of them it lacks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import stripe

from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class Right:
    """A row of the form for restricted keys in Stripe's dashboard, and the level the portal needs there."""

    name: str
    level: Literal["Read", "Write"]


Probe = Callable[[stripe.StripeClient], stripe.StripeObject]

# Only reading is probed: a write cannot be tried without writing. At Stripe, write implies read.
PROBES: tuple[tuple[Right, Probe], ...] = (
    (
        Right("Webhook Endpoints", "Write"),
        lambda client: client.v1.webhook_endpoints.list(params={"limit": 1}),
    ),
    (
        Right("Event Destinations", "Write"),
        lambda client: client.v2.core.event_destinations.list({"limit": 1}),
    ),
    (Right("Events", "Read"), lambda client: client.v1.events.list(params={"limit": 1})),
    (Right("Products", "Write"), lambda client: client.v1.products.list(params={"limit": 1})),
    (Right("Prices", "Write"), lambda client: client.v1.prices.list(params={"limit": 1})),
    (Right("Customers", "Write"), lambda client: client.v1.customers.list(params={"limit": 1})),
    (Right("Subscriptions", "Write"), lambda client: client.v1.subscriptions.list(params={"limit": 1})),
    (Right("Invoices", "Write"), lambda client: client.v1.invoices.list(params={"limit": 1})),
    (Right("Billing Meters", "Write"), lambda client: client.v1.billing.meters.list(params={"limit": 1})),
    (Right("Checkout Sessions", "Write"), lambda client: client.v1.checkout.sessions.list(params={"limit": 1})),
    (
        Right("Customer Portal", "Write"),
        lambda client: client.v1.billing_portal.configurations.list(params={"limit": 1}),
    ),
    (
        Right("Subscription Schedules", "Write"),
        lambda client: client.v1.subscription_schedules.list(params={"limit": 1}),
    ),
    (Right("Refunds", "Write"), lambda client: client.v1.refunds.list(params={"limit": 1})),
    (Right("Disputes", "Read"), lambda client: client.v1.disputes.list(params={"limit": 1})),
    (Right("Invoice Payments", "Read"), lambda client: client.v1.invoice_payments.list(params={"limit": 1})),
    (Right("Payment Methods", "Read"), lambda client: client.v1.payment_methods.list(params={"limit": 1})),
)
# These exist in test mode only.
TEST_PROBES: tuple[tuple[Right, Probe], ...] = (
    (Right("Test Clocks", "Write"), lambda client: client.v1.test_helpers.test_clocks.list(params={"limit": 1})),
)


def missing_rights(client: stripe.StripeClient, *, livemode: bool) -> list[Right]:
    """The rights that Stripe refuses to this key. Raises a StripeProblem for any other answer."""
    probes = PROBES if livemode else (*PROBES, *TEST_PROBES)
    return [right for right, probe in probes if is_refused(client, probe)]


def is_refused(client: stripe.StripeClient, probe: Probe) -> bool:
    """Rights are checked before anything else, so any other refusal shows that the key has this one."""
    try:
        ask(lambda: probe(client))
    except RightMissing:
        return True
    except (RequestRefused, NotThere):
        return False
    return False
