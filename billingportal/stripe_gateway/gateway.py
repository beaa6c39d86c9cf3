"""What the portal asks of Stripe, in the portal's words."""

import stripe


class StripeGateway:
    """One connection to one Stripe account in one mode."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client
