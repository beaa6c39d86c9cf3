"""Checkout sessions: Stripe's own pages, on which a client pays and subscribes."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal, cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.fields import moment, text
from billingportal.stripe_gateway.requests.calls import ask

# Stripe's action at the end of a trial when the subscription has no payment method.
MissingCard = Literal["pause", "cancel"]


@dataclass(frozen=True)
class CheckoutItem:
    """One price to subscribe to. `quantity` is None for a metered price."""

    price: str
    quantity: int | None


@dataclass(frozen=True)
class NewCheckout:
    """A whole request for a session, so that it can be sent again unchanged. `expires_at` in unix seconds."""

    currency: str
    items: tuple[CheckoutItem, ...]
    labels: dict[str, str]
    reference: str
    trial_days: int
    needs_card: bool
    missing_card: MissingCard
    allows_promotion_codes: bool
    computes_tax: bool
    collects_tax_id: bool
    address_collection: str
    success_url: str
    cancel_url: str
    expires_at: int

    def to_json(self) -> JsonObject:
        return {**asdict(self), "items": [cast(Json, asdict(item)) for item in self.items]}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "NewCheckout":
        items = tuple(CheckoutItem(**row) for row in cast("list[dict[str, str]]", stored["items"]))  # type: ignore[arg-type]
        return cls(**{**stored, "items": items})  # type: ignore[arg-type]


@dataclass(frozen=True)
class OpenCheckout:
    """An open session, whose page is at `url`."""

    stripe_checkout_session_id: str
    url: str
    expires_at: datetime


def create_session(
    client: stripe.StripeClient, customer_id: str, new: NewCheckout, idempotency_key: str
) -> OpenCheckout:
    """Open a session. Raises a StripeProblem."""
    params = cast("stripe.params.checkout.SessionCreateParams", session_params(customer_id, new))
    options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
    answer, _ = ask(lambda: client.v1.checkout.sessions.create(params=params, options=options))
    return OpenCheckout(text(answer, "id"), text(answer, "url"), moment(answer, "expires_at"))


def session_params(customer_id: str, new: NewCheckout) -> dict[str, object]:
    updates_customer = new.computes_tax or new.collects_tax_id or new.address_collection == "required"
    optional: dict[str, object] = {
        "allow_promotion_codes": new.allows_promotion_codes,
        "automatic_tax": {"enabled": True} if new.computes_tax else None,
        "tax_id_collection": {"enabled": True} if new.collects_tax_id else None,
        # Tax requires the address, and a tax id the name, to be stored with the customer.
        "customer_update": {"address": "auto", "name": "auto"} if updates_customer else None,
        "payment_method_collection": None if new.needs_card else "if_required",
    }
    return {
        "mode": "subscription",
        "customer": customer_id,
        "currency": new.currency,
        "line_items": [line_item(item) for item in new.items],
        "client_reference_id": new.reference,
        "metadata": new.labels,
        "subscription_data": subscription_data(new),
        "billing_address_collection": new.address_collection,
        "success_url": new.success_url,
        "cancel_url": new.cancel_url,
        "expires_at": new.expires_at,
        **{name: value for name, value in optional.items() if value},
    }


def line_item(item: CheckoutItem) -> dict[str, object]:
    return {"price": item.price} if item.quantity is None else {"price": item.price, "quantity": item.quantity}


def subscription_data(new: NewCheckout) -> dict[str, object]:
    """Stripe copies no labels from a session to its subscription."""
    if not new.trial_days:
        return {"metadata": new.labels}
    ending = {"end_behavior": {"missing_payment_method": new.missing_card}}
    return {"metadata": new.labels, "trial_period_days": new.trial_days, "trial_settings": ending}


def expire_session(client: stripe.StripeClient, session_id: str) -> None:
    """Expire an open session. Raises RequestRefused for a complete or expired one, or another StripeProblem."""
    ask(lambda: client.v1.checkout.sessions.expire(session_id))
