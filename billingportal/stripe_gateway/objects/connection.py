"""Our copies of what a key shows of its account, its webhook endpoints and its event destinations."""

from dataclasses import dataclass
from typing import Protocol

from billingportal.plain_json import JsonObject


@dataclass(frozen=True)
class AccountCopy:
    """The account of a key. A restricted key may show the mode only: then the id is None.

    `clock_skew_seconds`: how much our clock is ahead of Stripe's, or behind it when negative.
    """

    stripe_account_id: str | None
    name: str | None
    country: str | None
    currency: str | None
    charges_enabled: bool | None
    livemode: bool
    clock_skew_seconds: int = 0


class AddressCopy(Protocol):
    """A webhook endpoint or an event destination. The secret is known right after its creation only."""

    @property
    def stripe_id(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def is_enabled(self) -> bool: ...
    @property
    def enabled_events(self) -> frozenset[str]: ...
    @property
    def labels(self) -> JsonObject: ...
    @property
    def secret(self) -> str | None: ...


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

    @property
    def stripe_id(self) -> str:
        return self.stripe_webhook_endpoint_id


@dataclass(frozen=True)
class EventDestinationCopy:
    """`url` is empty for a destination that is no address, such as a bus of another provider."""

    stripe_event_destination_id: str
    url: str
    is_enabled: bool
    is_thin: bool
    enabled_events: frozenset[str]
    labels: JsonObject
    secret: str | None = None

    def __repr__(self) -> str:
        return f"EventDestinationCopy({self.stripe_event_destination_id})"

    @property
    def stripe_id(self) -> str:
        return self.stripe_event_destination_id
