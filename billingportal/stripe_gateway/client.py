"""Opens a gateway for one secret key: pinned version, own retries and time limits, telemetry off."""

from collections.abc import Callable

import stripe

from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.http.connections import StripeSession
from billingportal.stripe_gateway.http.transport import BudgetedClient
from billingportal.stripe_gateway.limits import FORM, Budget, Limits
from billingportal.stripe_gateway.rate_limit import Pace

NETWORK_RETRIES = 1

OpenGateway = Callable[[str], StripeGateway]


def gateway_opener(
    api_base: str | None = None, *, calls_per_second: int | None = None, limits: Limits = FORM
) -> OpenGateway:
    """A function that opens a gateway for a secret key in clear, at Stripe or at the sandbox's address.

    `calls_per_second` limits the rate of all gateways of this opener together. `limits` says how long each
    gateway may wait for Stripe: open one for each form, whose calls share its limit.
    """
    stripe.enable_telemetry = False
    session = StripeSession()
    pace = Pace(calls_per_second) if calls_per_second else None

    def open_gateway(secret_key: str) -> StripeGateway:
        return StripeGateway(
            stripe.StripeClient(
                secret_key,
                max_network_retries=NETWORK_RETRIES,
                http_client=BudgetedClient(session, Budget(limits), pace),
                base_addresses={
                    "api": api_base,
                    "connect": api_base,
                    "files": api_base,
                    "meter_events": api_base,
                },
            )
        )

    return open_gateway
