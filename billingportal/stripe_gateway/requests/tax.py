"""What the account has told Stripe Tax."""

from dataclasses import dataclass

import stripe

from billingportal.stripe_gateway.objects.fields import part, text, texts
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class TaxSettings:
    """`missing` names the settings that Stripe still needs before it can work out tax, as Stripe calls them."""

    is_active: bool
    missing: tuple[str, ...]


def settings(client: stripe.StripeClient) -> TaxSettings:
    """Raises a StripeProblem."""
    answer, _ = ask(client.v1.tax.settings.retrieve)
    pending = part(part(answer, "status_details"), "pending")
    return TaxSettings(text(answer, "status") == "active", tuple(texts(pending, "missing_fields")))
