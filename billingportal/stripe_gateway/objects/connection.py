"""Our copies of what a key shows of its account and its webhook endpoints."""

from dataclasses import dataclass

from billingportal.plain_json import JsonObject


@dataclass(frozen=True)
class AccountCopy:
    """The account of a key. A restricted key may show the mode only: then the id is None."""

    stripe_account_id: str | None
    name: str | None
    country: str | None
    currency: str | None
    charges_enabled: bool | None
    livemode: bool


@dataclass(frozen=True)
class WebhookEndpointCopy:
    stripe_webhook_endpoint_id: str
    url: str
    is_enabled: bool
    api_version: str | None
    enabled_events: frozenset[str]
    labels: JsonObject
    secret: str | None = None

    def __repr__(self) -> str:
        return f"WebhookEndpointCopy({self.stripe_webhook_endpoint_id})"
