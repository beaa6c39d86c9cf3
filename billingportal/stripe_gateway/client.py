"""Opens a gateway for one secret key: pinned version, own retries and time limits, telemetry off."""

from collections.abc import Callable

import stripe

from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.http.connections import StripeSession
from billingportal.stripe_gateway.http.transport import BudgetedClient
from billingportal.stripe_gateway.limits import FORM, METER_EVENT, Budget, Limits
from billingportal.stripe_gateway.rate_limit import Pace

NETWORK_RETRIES = 1

# Meter events a second in live mode, beside every other call: Stripe takes 1,000 and does not count them with the
# others. In test mode they are among the calls that the account may make.
LIVE_METER_EVENTS_PER_SECOND = 100
LIVE_KEYS = ("sk_live_", "rk_live_")

OpenGateway = Callable[[str], StripeGateway]


def gateway_opener(
    api_base: str | None = None, *, calls_per_second: int | None = None, limits: Limits = FORM
) -> OpenGateway:
    """A function that opens a gateway for a secret key in clear, at Stripe or at the sandbox's address.

    `calls_per_second` limits the rate of all gateways of this opener together, apart from meter events in live mode.
    `limits` says how long each gateway may wait for Stripe: open one for each form, whose calls share its limit.
    """
    stripe.enable_telemetry = False
    session = StripeSession()
    pace = Pace(calls_per_second) if calls_per_second else None
    meter_pace = Pace(LIVE_METER_EVENTS_PER_SECOND)

    def open_gateway(secret_key: str) -> StripeGateway:
        pace_of_meters = meter_pace if secret_key.startswith(LIVE_KEYS) else pace
        return StripeGateway(
            sdk_client(secret_key, api_base, BudgetedClient(session, Budget(limits), pace)),
            sdk_client(secret_key, api_base, BudgetedClient(session, Budget(METER_EVENT), pace_of_meters)),
        )

    return open_gateway


def sdk_client(secret_key: str, api_base: str | None, http_client: BudgetedClient) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key,
        max_network_retries=NETWORK_RETRIES,
        http_client=http_client,
        base_addresses={"api": api_base, "connect": api_base, "files": api_base, "meter_events": api_base},
    )
