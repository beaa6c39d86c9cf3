"""The form of an address and its events."""

from typing import Self

from wtforms import SelectMultipleField, StringField

from billingportal.domain.outgoing_webhooks.endpoints import EndpointTerms
from billingportal.domain.outgoing_webhooks.event_types import CHOICES, USUAL
from billingportal.models import OutgoingEndpoint
from billingportal.web.common.forms import PortalForm

HINT = "Starts with https://. Redirects are not followed."
HINT_WITH_PRIVATE = "http:// and private addresses are allowed on this installation. Redirects are not followed."


class EndpointForm(PortalForm):
    url = StringField("Address")
    events = SelectMultipleField(
        "Events", choices={one: one for one in CHOICES}, default=list(USUAL), validate_choice=False
    )

    @classmethod
    def of_endpoint(cls, endpoint: OutgoingEndpoint) -> Self:
        return cls(data={"url": endpoint.url, "events": endpoint.events})

    @property
    def terms(self) -> EndpointTerms:
        return EndpointTerms(self.url.data or "", tuple(self.events.data or ()))

    def describe(self, *, allows_private: bool) -> None:
        """Say which addresses are possible."""
        self.url.description = HINT_WITH_PRIVATE if allows_private else HINT
