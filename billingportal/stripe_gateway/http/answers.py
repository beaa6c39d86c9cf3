"""Whether what came over the wire is an answer of Stripe's at all: its length, its encoding, its shape.

What is not is an APIConnectionError with words for people; the raw text never gets into them.
"""

import json
import re
import zlib
from collections.abc import Iterable

import stripe

from billingportal.plain_json import JsonObject

# A page of 100 objects with all that Stripe lets people put into them stays below this, in bytes.
LONGEST = 32 * 1024 * 1024
# Text that no database takes: NUL, and halves of characters. Both come escaped only.
SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def no_answer(words: str, *, should_retry: bool = False) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(words, should_retry=should_retry)  # type: ignore[no-untyped-call]  # the SDK's


def joined(pieces: Iterable[bytes], encoding: str) -> bytes:
    """The whole body, unpacked. Raises APIConnectionError for one that is too long or packed in another way."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > LONGEST:
            raise no_answer("Stripe's answer was too long.")
    if encoding in ("", "identity"):
        return bytes(body)
    if encoding != "gzip":
        raise no_answer("Stripe's answer could not be unpacked.")
    return unpacked(bytes(body))


def unpacked(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = unpacking.decompress(body, LONGEST + 1)
    except zlib.error:
        raise no_answer("Stripe's answer could not be unpacked.") from None
    if len(text) > LONGEST:
        raise no_answer("Stripe's answer was too long.")
    if not unpacking.eof:
        raise no_answer("Stripe's answer was cut off.", should_retry=True)
    return text


def check(body: bytes, status: int) -> None:
    """Raises APIConnectionError for what is none of Stripe's answers, whatever its status."""
    if 300 <= status < 400:
        raise no_answer(f"Stripe's address answered with a redirect (HTTP {status}), which the portal doesn't follow.")
    try:
        answer = json.loads(body.decode())
        if SUSPICIOUS.search(body):
            refuse_unstorable(answer)
    except (ValueError, RecursionError):
        answer = None
    if not (isinstance(answer, dict) and is_stripes(answer, status)):
        raise no_answer(f"Stripe's answer could not be read (HTTP {status}).")


def is_stripes(answer: JsonObject, status: int) -> bool:
    """Every object names its type, every refusal is an object with texts."""
    if 200 <= status < 300:
        return isinstance(answer.get("object"), str)
    error = answer.get("error")
    if not isinstance(error, dict):
        return False
    return all(error.get(name) is None or isinstance(error[name], str) for name in ("type", "code", "param", "message"))


def refuse_unstorable(answer: object) -> None:
    """Raises ValueError for NUL and for half a character, anywhere."""
    text = json.dumps(answer, ensure_ascii=False)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("NUL")
