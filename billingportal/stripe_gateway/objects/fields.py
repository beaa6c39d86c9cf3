"""Reads single fields of Stripe's JSON. A missing field or another type raises UnreadableObject."""

from datetime import UTC, datetime
from decimal import Decimal, DecimalException

from billingportal.clock import from_unix
from billingportal.limits import LARGEST_BIG_ID, LARGEST_ID, is_storable
from billingportal.plain_json import JsonObject, all_texts
from billingportal.stripe_gateway.errors import UnreadableObject

# Characters. Stripe's ids have less than 70 now; Stripe promises at most 255.
LONGEST_ID = 255
# Powers of ten. Beyond it, an amount written out in digits would fill the memory.
LARGEST_EXPONENT = 30


def text(source: JsonObject, name: str) -> str:
    value = source.get(name)
    if not isinstance(value, str):
        raise UnreadableObject(f"{name} is not text")
    if not is_storable(value):
        raise UnreadableObject(f"{name} has a character that cannot be stored")
    return value


def short_text(source: JsonObject, name: str) -> str:
    """An id or a name from Stripe, short enough for a database index."""
    value = text(source, name)
    if len(value) > LONGEST_ID:
        raise UnreadableObject(f"{name} is longer than {LONGEST_ID} characters")
    return value


def optional_text(source: JsonObject, name: str) -> str | None:
    return None if source.get(name) is None else text(source, name)


def number(source: JsonObject, name: str, largest: int = LARGEST_BIG_ID) -> int:
    """A whole number that fits its database column."""
    value = source.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnreadableObject(f"{name} is not a whole number")
    if abs(value) > largest:
        raise UnreadableObject(f"{name} is too large")
    return value


def count(source: JsonObject, name: str) -> int:
    """A count or quantity, for a column of 32 bits."""
    return number(source, name, LARGEST_ID)


def optional_count(source: JsonObject, name: str) -> int | None:
    return None if source.get(name) is None else count(source, name)


def optional_number(source: JsonObject, name: str) -> int | None:
    return None if source.get(name) is None else number(source, name)


def truth(source: JsonObject, name: str) -> bool:
    """A required flag."""
    value = source.get(name)
    if not isinstance(value, bool):
        raise UnreadableObject(f"{name} is neither true nor false")
    return value


def flag(source: JsonObject, name: str) -> bool:
    return bool(source.get(name))


def moment(source: JsonObject, name: str) -> datetime:
    try:
        return from_unix(number(source, name))
    except (ValueError, OverflowError, OSError):
        raise UnreadableObject(f"{name} is not a time") from None


def optional_moment(source: JsonObject, name: str) -> datetime | None:
    return None if source.get(name) is None else moment(source, name)


def spelled_moment(source: JsonObject, name: str) -> datetime:
    """A time of API v2: RFC 3339."""
    try:
        read = datetime.fromisoformat(text(source, name))
    except ValueError:
        raise UnreadableObject(f"{name} is not a time") from None
    if read.tzinfo is None:
        raise UnreadableObject(f"{name} has no time zone")
    return read.astimezone(UTC)


def part(source: JsonObject, name: str) -> JsonObject:
    """A nested object; empty when Stripe sends null."""
    value = source.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableObject(f"{name} is not an object")
    return value


def stored_part(source: JsonObject, name: str) -> JsonObject:
    """A nested object that is stored unchanged, such as labels."""
    value = part(source, name)
    if not all(is_storable(one) for one in all_texts(value)):
        raise UnreadableObject(f"{name} has a character that cannot be stored")
    return value


def optional_id(source: JsonObject, name: str) -> str | None:
    """The id in a field that Stripe may have expanded into the whole object."""
    value = source.get(name)
    if isinstance(value, dict):
        return short_text(value, "id")
    return None if value is None else short_text(source, name)


def required_id(source: JsonObject, name: str) -> str:
    value = optional_id(source, name)
    if value is None:
        raise UnreadableObject(f"{name} is missing")
    return value


def rows(source: JsonObject, name: str) -> list[JsonObject]:
    """The first page of a nested list. A longer list is refused, since half of it would pass for the whole."""
    listed = part(source, name)
    if listed.get("has_more"):
        raise UnreadableObject(f"{name} has more than one page")
    return first_rows(listed) if listed else []


def first_rows(source: JsonObject) -> list[JsonObject]:
    """The objects on this page of a list."""
    return plain_rows(source, "data")


def plain_rows(source: JsonObject, name: str) -> list[JsonObject]:
    """A nested array of objects, which Stripe sends complete."""
    value = source.get(name)
    if not isinstance(value, list):
        raise UnreadableObject(f"{name} is not a list of objects")
    found = [one for one in value if isinstance(one, dict)]
    if len(found) != len(value):
        raise UnreadableObject(f"{name} is not a list of objects")
    return found


def has_adjustments(source: JsonObject) -> bool:
    """Whether a subscription, or a phase of a schedule, has discounts or taxes, also on one of its items."""
    listed = source.get("items")
    items = plain_rows(source, "items") if isinstance(listed, list) else rows(source, "items")
    own = source.get("discounts") or source.get("default_tax_rates") or flag(part(source, "automatic_tax"), "enabled")
    return bool(own) or any(item.get("discounts") or item.get("tax_rates") for item in items)


def texts(source: JsonObject, name: str) -> list[str]:
    """A nested array of texts; empty when Stripe sends null."""
    value = source.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableObject(f"{name} is not a list of texts")
    found = [one for one in value if isinstance(one, str)]
    if len(found) != len(value):
        raise UnreadableObject(f"{name} is not a list of texts")
    return found


def decimal(value: object) -> Decimal | None:
    """An amount without trailing zeros, exact to 28 digits. The SDK reads decimals as Decimal, never as float."""
    if value is None:
        return None
    try:
        read = Decimal(str(value)).normalize() + 0
    except DecimalException:
        raise UnreadableObject("an amount is not a number") from None
    if not read.is_finite():
        raise UnreadableObject("an amount is not finite")
    if abs(read.adjusted()) > LARGEST_EXPONENT:
        raise UnreadableObject("an amount is too large")
    return read


def exact(value: object) -> str | None:
    """A decimal as plain text without trailing zeros, the same for `10`, `10.0` and `1E1`."""
    read = decimal(value)
    return None if read is None else format(read, "f")
