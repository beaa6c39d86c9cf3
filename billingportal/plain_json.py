"""Plain JSON: its type, and a strict parser for JSON from outside."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NoReturn

# Fractions never appear: amounts are whole numbers or decimals as text.
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
JsonObject = dict[str, Json]

# Levels of nesting. Stripe's deepest objects have about 15; functions that walk a document recurse once a level.
DEEPEST = 64
# Powers of ten. Beyond this other JSON parsers read infinity.
LARGEST_EXPONENT = 300

ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class UnreadableJson(ValueError):
    """The text is not JSON, or is JSON that no honest sender writes. The message says what is wrong."""


def read(text: str) -> Json:
    """The document. Raises UnreadableJson, also for repeated names, infinite numbers and too many levels."""
    try:
        found: Json = DECODER.decode(text)
    except UnreadableJson:
        raise
    except json.JSONDecodeError:
        raise UnreadableJson("it is not JSON") from None
    except RecursionError:
        raise UnreadableJson("it is nested too deeply") from None
    except ValueError:
        # The only other ValueError: Python reads no whole number of more than some thousand digits.
        raise UnreadableJson("a number in it is too long") from None
    if text.count("{") + text.count("[") > DEEPEST and is_deep(found):
        raise UnreadableJson("it is nested too deeply")
    return found


def is_deep(found: Json) -> bool:
    """Whether the nesting is too deep. It goes level by level, since recursion would fail."""
    level = [found]
    for _ in range(DEEPEST + 1):
        level = [part for whole in level for part in parts(whole)]
        if not level:
            return False
    return True


def parts(whole: Json) -> list[Json]:
    if isinstance(whole, dict):
        return list(whole.values())
    return whole if isinstance(whole, list) else []


def all_texts(document: Json) -> Iterator[str]:
    """Every text in a parsed document, names too."""
    if isinstance(document, str):
        yield document
    if isinstance(document, dict):
        yield from document
    for part in parts(document):
        yield from all_texts(part)


def refuse_half_pairs(body: bytes, document: Json) -> None:
    """Raises UnreadableJson when a text of the document, read from the body, has half a surrogate pair.

    Only an escape can write one, so most bodies are not searched further.
    """
    if ESCAPED_SURROGATE.search(body) is None:
        return
    try:
        for text in all_texts(document):
            text.encode()
    except UnicodeEncodeError:
        raise UnreadableJson("a text in it has half a surrogate pair") from None


def without_repeats(pairs: list[tuple[str, Json]]) -> JsonObject:
    """The object. Raises UnreadableJson for a repeated name: parsers disagree which value counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableJson("a name in it is there twice")
    return found


def fraction(text: str) -> Decimal:
    """An exact decimal, so that it is shown without loss. Nothing here computes with it."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UnreadableJson("a number in it is too large") from None
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        raise UnreadableJson("a number in it is too large")
    return number


def refuse_constant(name: str) -> NoReturn:
    raise UnreadableJson(f"{name} in it is not a number")


DECODER = json.JSONDecoder(object_pairs_hook=without_repeats, parse_float=fraction, parse_constant=refuse_constant)
