"""A processor account's webhook: our address, and the endpoint registered for it at Stripe."""

from typing import Literal

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base
from billingportal.models.connection.registered_address import RegisteredAddress

EndpointState = Literal["waiting", "registered", "unreachable", "refused", "full"]


class WebhookEndpoint(RegisteredAddress, Base):
    """`waiting`: not tried yet. `unreachable`: Stripe could not reach us, so none is registered.
    `refused`: Stripe refused it, `problem` says why. `full`: all 16 endpoints are in use.
    """

    __tablename__ = "webhook_endpoint"

    state: Mapped[EndpointState] = mapped_column(String(12), default="waiting")
    stripe_webhook_endpoint_id: Mapped[str | None]

    @property
    def stripe_id(self) -> str | None:
        return self.stripe_webhook_endpoint_id

    @stripe_id.setter
    def stripe_id(self, value: str | None) -> None:
        self.stripe_webhook_endpoint_id = value

    def forget_registration(self) -> None:
        super().forget_registration()
        self.state = "waiting"
