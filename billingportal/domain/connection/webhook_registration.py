"""The webhook: the endpoint that gets the events of the objects that the portal keeps."""

from typing import cast

from billingportal.domain.connection.event_destination import DESTINATION
from billingportal.domain.connection.registration import Kind
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.models import WebhookEndpoint
from billingportal.stripe_gateway.gateway import API_VERSION, StripeGateway
from billingportal.stripe_gateway.objects.connection import AddressCopy, WebhookEndpointCopy

WEBHOOK_PATH = "/webhooks/stripe/"
LABEL = "billing_portal_endpoint"
VERSION_WORDS = f"The webhook spoke another API version; it speaks {API_VERSION} now."


class Webhook(Kind):
    noun, short, key = "webhook endpoint", "webhook", "webhook-endpoint"
    path, label = WEBHOOK_PATH, LABEL
    events = DELIVERED_EVENTS
    model = WebhookEndpoint

    def create(self, gateway: StripeGateway, url: str, token: str, idempotency_key: str) -> AddressCopy:
        return gateway.create_webhook_endpoint(url, self.events, {self.label: token}, idempotency_key)

    def update(self, gateway: StripeGateway, found: AddressCopy, url: str) -> None:
        gateway.update_webhook_endpoint(found.stripe_id, url, self.events)

    def delete(self, gateway: StripeGateway, stripe_id: str) -> None:
        gateway.delete_webhook_endpoint(stripe_id)

    def includes(self, found: AddressCopy) -> bool:
        """The addresses of event destinations begin as the webhook's."""
        return DESTINATION.path not in found.url

    def reason_to_renew(self, found: AddressCopy) -> str | None:
        """An endpoint's API version cannot be changed."""
        return None if cast(WebhookEndpointCopy, found).api_version == API_VERSION else VERSION_WORDS


WEBHOOK = Webhook()
