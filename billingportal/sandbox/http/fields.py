"""Parameters that many operations share."""

import re

from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.parameter_types import Boolean, Choice, Integer, Raw, Text
from billingportal.sandbox.http.parameters import CLEARED, Clearable, Either, Kind, Many, Record
from billingportal.sandbox.http.wire import Document

DIGITS = re.compile(r"-?\d+\Z")
MOST_KEYS = 50

TEXT = Text()
CLEARABLE_TEXT = Clearable(TEXT)
TIMESTAMP = Integer(least=0)
RANGE = Either(DIGITS, TIMESTAMP, Record(dict.fromkeys(("gt", "gte", "lt", "lte"), TIMESTAMP)))
EXPAND: dict[str, Kind] = {"expand": Many(TEXT)}
PAGE: dict[str, Kind] = {
    "limit": Integer(least=1, most=100),
    "starting_after": TEXT,
    "ending_before": TEXT,
    **EXPAND,
}
ADDRESS = Clearable(
    Record(dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), CLEARABLE_TEXT))
)
ONLY_EXPAND = Record(EXPAND)
TAX_BEHAVIOR = Choice("exclusive", "inclusive", "unspecified")
INTERVAL = Choice("day", "week", "month", "year")
YES = Boolean()


class Metadata:
    """Up to fifty short strings; an empty value removes its key, an empty whole removes all."""

    def read(self, raw: Raw, path: str) -> object:
        if raw == "":
            return CLEARED
        if not isinstance(raw, dict):
            raise invalid("Invalid object", path)
        for key, value in raw.items():
            if not isinstance(value, str):
                raise invalid(f"Invalid string: {value}", f"{path}[{key}]")
            if len(key) > 40:
                raise invalid(f"Metadata keys can be at most 40 characters long: {key}", path)
            if len(value) > 500:
                raise invalid("Metadata values can have at most 500 characters.", f"{path}[{key}]")
        return raw


METADATA = Metadata()


def merged(before: Document, given: object) -> Document:
    """Metadata after a request: given keys replace, empty values remove, CLEARED removes all."""
    if given == CLEARED or not isinstance(given, dict):
        return {}
    after = {key: value for key, value in {**before, **given}.items() if value != ""}
    if len(after) > MOST_KEYS:
        raise invalid("You can only have up to 50 metadata keys.", "metadata")
    return after


def or_none(value: object) -> object:
    """A clearable parameter as it is stored."""
    return None if value == CLEARED else value
