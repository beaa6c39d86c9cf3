"""Whether the account of a key may charge and pay out, and what Stripe still asks for."""

from dataclasses import dataclass

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.fields import optional_text, part, texts
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class AccountReadiness:
    """None where Stripe does not say. `due` are Stripe's names of what is due now or past due."""

    name: str | None
    is_charging: bool | None
    is_paying_out: bool | None
    due: tuple[str, ...] | None
    disabled_reason: str | None


class Readiness:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def read(self) -> AccountReadiness:
        """The account of the key."""
        source, _ = ask(self._client.v1.accounts.retrieve_current)
        requirements = part(source, "requirements")
        due = dict.fromkeys((*texts(requirements, "past_due"), *texts(requirements, "currently_due")))
        return AccountReadiness(
            name_of(source),
            optional_truth(source, "charges_enabled"),
            optional_truth(source, "payouts_enabled"),
            tuple(due) if "currently_due" in requirements else None,
            optional_text(requirements, "disabled_reason"),
        )


def name_of(source: JsonObject) -> str | None:
    return optional_text(part(source, "business_profile"), "name")


def optional_truth(source: JsonObject, name: str) -> bool | None:
    value = source.get(name)
    return value if isinstance(value, bool) else None
