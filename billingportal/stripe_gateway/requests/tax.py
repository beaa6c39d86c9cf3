"""The account's Stripe Tax settings."""

from dataclasses import dataclass

import stripe

from billingportal.stripe_gateway.objects.fields import part, text, texts
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class TaxSettings:
    """`missing` has Stripe's names of the settings that it still needs before it can calculate tax."""

    is_active: bool
    missing: tuple[str, ...]


def settings(client: stripe.StripeClient) -> TaxSettings:
    """Raises a StripeProblem."""
    answer, _ = ask(client.v1.tax.settings.retrieve)
    pending = part(part(answer, "status_details"), "pending")
    return TaxSettings(text(answer, "status") == "active", tuple(texts(pending, "missing_fields")))
