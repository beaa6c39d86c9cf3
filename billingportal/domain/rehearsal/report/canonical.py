"""The one form in which a report is signed: JSON with sorted keys, no blanks and no floats."""

import json
from typing import NoReturn, cast

from billingportal.errors import PortalError
from billingportal.plain_json import Json, JsonObject


class NotCanonical(PortalError):
    """The text is no JSON that a report may have: a float, a key twice, or no object at all."""


def canonical(document: Json) -> str:
    """The canonical text. Raises NotCanonical for a float, which two programs may write in two ways."""
    refuse_floats(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def refuse_floats(document: Json) -> None:
    if isinstance(document, float):
        raise NotCanonical("A report has no number with a fraction.")
    if isinstance(document, dict):
        for value in document.values():
            refuse_floats(value)
    elif isinstance(document, list):
        for value in document:
            refuse_floats(value)


def read(text: str) -> JsonObject:
    """The object in a text, which may be laid out in any way. Raises NotCanonical."""
    try:
        document = json.loads(
            text, parse_float=refuse_number, parse_constant=refuse_number, object_pairs_hook=refuse_twins
        )
    except (ValueError, RecursionError):
        raise NotCanonical("The file is no JSON.") from None
    if not isinstance(document, dict):
        raise NotCanonical("The file has no report.")
    return cast(JsonObject, document)


def refuse_number(number: str) -> NoReturn:
    raise NotCanonical(f"A report has no number like {number}.")


def refuse_twins(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotCanonical("A name stands in the report twice.")
    return found
