"""Opens a gateway for one secret key: pinned version, own retries and time-outs, telemetry off."""

from collections.abc import Callable

import stripe

from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.pace import paced_session

# One slow answer may hold a form for this long at most, in seconds (connect, read).
TIMEOUT = (3.05, 5)
NETWORK_RETRIES = 1

OpenGateway = Callable[[str], StripeGateway]


def gateway_opener(api_base: str | None = None, *, calls_per_second: int | None = None) -> OpenGateway:
    """A function that opens a gateway for a secret key in clear, at Stripe or at a stand-in's address.

    `calls_per_second` holds all gateways of this opener together below that rate.
    """
    stripe.enable_telemetry = False
    http_client = stripe.RequestsClient(timeout=TIMEOUT, session=paced_session(calls_per_second))

    def open_gateway(secret_key: str) -> StripeGateway:
        return StripeGateway(
            stripe.StripeClient(
                secret_key,
                max_network_retries=NETWORK_RETRIES,
                http_client=http_client,
                base_addresses={
                    "api": api_base,
                    "connect": api_base,
                    "files": api_base,
                    "meter_events": api_base,
                },
            )
        )

    return open_gateway
