"""Opens a gateway for one secret key: pinned version, own retries and time-outs, telemetry off."""

from collections.abc import Callable

import stripe

from billingportal.stripe_gateway.gateway import StripeGateway

# One slow answer may hold a form for this long at most, in seconds (connect, read).
TIMEOUT = (3.05, 8)
NETWORK_RETRIES = 1

OpenGateway = Callable[[str], StripeGateway]


def gateway_opener(api_base: str | None = None) -> OpenGateway:
    """A function that opens a gateway for a secret key in clear, at Stripe or at a stand-in's address."""
    stripe.enable_telemetry = False
    http_client = stripe.RequestsClient(timeout=TIMEOUT)

    def open_gateway(secret_key: str) -> StripeGateway:
        addresses = {name: api_base for name in ("api", "connect", "files", "meter_events")} if api_base else {}
        return StripeGateway(
            stripe.StripeClient(
                secret_key,
                max_network_retries=NETWORK_RETRIES,
                http_client=http_client,
                base_addresses=stripe.BaseAddresses(**addresses),  # type: ignore[typeddict-item]
            )
        )

    return open_gateway
