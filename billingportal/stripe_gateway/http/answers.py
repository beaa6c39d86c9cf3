"""Checks that an HTTP answer is Stripe's: its length, its encoding, its shape.

Any other answer raises APIConnectionError with a readable message, which never has the raw text in it.
"""

import json
import re
import zlib
from collections.abc import Iterable

import stripe

from billingportal.plain_json import JsonObject

# Bytes. A page of 100 objects with every field filled up to Stripe's limits stays below this.
LONGEST = 32 * 1024 * 1024
# Text that no database stores: NUL and unpaired surrogates. In JSON both are always escaped. An answer with one is
# refused, but for the rows of a list and for single objects, or one row would spoil a whole page: their fields are
# checked one by one (`objects/fields.py`).
SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def no_answer(words: str, *, should_retry: bool = False) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(words, should_retry=should_retry)  # type: ignore[no-untyped-call]  # the SDK's


def joined(pieces: Iterable[bytes], encoding: str) -> bytes:
    """The whole body, unpacked. Raises APIConnectionError when it is too long or its encoding is not gzip."""
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
    """Raises APIConnectionError when the body is not an answer of Stripe's, whatever its status."""
    if 300 <= status < 400:
        raise no_answer(f"Stripe's address answered with a redirect (HTTP {status}), which the portal doesn't follow.")
    try:
        answer = json.loads(body.decode())
        if SUSPICIOUS.search(body):
            refuse_unstorable(envelope(answer))
    except (ValueError, RecursionError):
        answer = None
    if not (isinstance(answer, dict) and is_stripes(answer, status)):
        raise no_answer(f"Stripe's answer could not be read (HTTP {status}).")


def envelope(answer: object) -> object:
    """The answer without its objects: a list without its rows, nothing of a single object, all of an error."""
    if not isinstance(answer, dict) or "error" in answer:
        return answer
    return {name: value for name, value in answer.items() if name != "data"} if is_list(answer) else None


def is_list(answer: JsonObject) -> bool:
    """A list of API v1 says that it is one; a list of v2 has no type, and names its next page."""
    return answer.get("object") == "list" or ("data" in answer and "next_page_url" in answer)


def is_stripes(answer: JsonObject, status: int) -> bool:
    """Whether a success names its object type and an error is an object of texts, as at Stripe.

    Without a type are the lists of API v2, and what it says of a deleted object (`stripe.v2.DeletedObject`).
    """
    if 200 <= status < 300:
        return isinstance(answer.get("object"), str) or is_list(answer) or answer.keys() == {"id"}
    error = answer.get("error")
    if not isinstance(error, dict):
        return False
    return all(error.get(name) is None or isinstance(error[name], str) for name in ("type", "code", "param", "message"))


def refuse_unstorable(answer: object) -> None:
    """Raises ValueError when any text has NUL or an unpaired surrogate."""
    text = json.dumps(answer, ensure_ascii=False)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("NUL")
