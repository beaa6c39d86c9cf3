"""Events as Stripe sends them: whole payloads, truly signed."""

import json
import time
from itertools import count

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.gateway import API_VERSION

SECRET = "whsec_tests_only_0123456789abcdef"
NOON = 1_795_348_800  # 2026-11-22 12:00:00 UTC
_numbers = count(1)


def customer(name: str = "Harbor Dental", **changes: Json) -> JsonObject:
    """A customer at Stripe."""
    return {
        "id": "cus_1",
        "object": "customer",
        "name": name,
        "email": "front-desk@harbor.example",
        "currency": "eur",
        "balance": 0,
        "delinquent": False,
        "invoice_settings": {"default_payment_method": None},
        "metadata": {},
        "created": NOON,
        "livemode": False,
        **changes,
    }


def event(
    type_: str,
    inside: JsonObject,
    *,
    created: int = NOON,
    previous: JsonObject | None = None,
    **changes: Json,
) -> JsonObject:
    """An event with an id of its own."""
    data: JsonObject = {"object": inside}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": f"evt_{next(_numbers):06}",
        "object": "event",
        "type": type_,
        "api_version": API_VERSION,
        "created": created,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": data,
        **changes,
    }


def as_body(message: JsonObject) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def signature(body: bytes, secret: str = SECRET, *, age_seconds: int = 0) -> str:
    """The header that Stripe signs a message with."""
    header: str = stripe.WebhookSignature.generate_signature_header(
        body.decode("utf-8", errors="surrogateescape"), secret, int(time.time()) - age_seconds
    )
    return header
