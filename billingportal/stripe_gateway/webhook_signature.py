"""Verifies the signature of a webhook message, on its raw bytes."""

import stripe

from billingportal import plain_json
from billingportal.plain_json import JsonObject, UnreadableJson
from billingportal.stripe_gateway.errors import BadSignature, UnreadableObject
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.copies import EventCopy
from billingportal.stripe_gateway.objects.meters import ThinEventCopy

# Seconds that a signature may be old: Stripe's own default. Every retry is signed anew.
TOLERANCE = 300


def verify(body: bytes, header: str, secrets: list[str]) -> None:
    """Accept the message when one of the secrets signed it. Raises BadSignature, also when there is no secret."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadSignature("The message is not text.") from None
    if not header.isascii():
        # The SDK's comparison raises TypeError for characters outside ASCII.
        raise BadSignature("The signature is not one of Stripe's.")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE)
        except stripe.SignatureVerificationError:
            continue
        return
    raise BadSignature("No stored secret signed this message within the last five minutes.")


def read_event(body: bytes) -> EventCopy:
    """The event in a verified message. Raises UnreadableObject when it is not one of Stripe's snapshot events."""
    source = read_object(body)
    if source.get("object") != "event":
        raise UnreadableObject("the message is not an event")
    return parsing.event(source)


def read_notice(body: bytes) -> ThinEventCopy:
    """The notice in a verified message. Raises UnreadableObject when it is not of one of Stripe's thin events."""
    return parsing.thin_event(read_object(body))


def read_object(body: bytes) -> JsonObject:
    """The JSON object in a message. Raises UnreadableObject."""
    try:
        # Decode first: the JSON library takes bytes for UTF-16 where they look like it.
        source = plain_json.read(body.decode())
        plain_json.refuse_half_pairs(body, source)
    except UnreadableJson as problem:
        raise UnreadableObject(f"The message cannot be read: {problem}.") from None
    if not isinstance(source, dict):
        raise UnreadableObject("the message is not an event")
    return source
