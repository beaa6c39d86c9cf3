"""Single-value parameters: text, numbers, booleans, choices."""

import re
from dataclasses import dataclass
from decimal import Decimal

from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document

INTEGER = re.compile(r"-?\d{1,15}\Z")
DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,12})?\Z")
WRONG_INTEGER = "parameter_invalid_integer"
Raw = str | Document


def text_of(raw: Raw, path: str, what: str) -> str:
    """A single non-empty value. Raises Refused for hashes, arrays and empty strings."""
    if not isinstance(raw, str):
        raise invalid(f"Invalid {what}", path)
    if raw == "":
        raise empty(path)
    return raw


def empty(path: str) -> Refused:
    """The refusal of an empty value for a parameter that cannot be unset."""
    message = (
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value."
    )
    return invalid(message, path, "parameter_invalid_empty")


@dataclass(frozen=True)
class Text:
    """A string of at most `longest` characters."""

    longest: int = 5000

    def read(self, raw: Raw, path: str) -> str:
        text = text_of(raw, path, "string")
        if len(text) > self.longest:
            message = f"Invalid string: {text[:20]}...; must be at most {self.longest} characters"
            raise invalid(message, path)
        return text


@dataclass(frozen=True)
class Integer:
    """A whole number, optionally bounded on both sides, both inclusive."""

    least: int | None = None
    most: int | None = None

    def read(self, raw: Raw, path: str) -> int:
        text = text_of(raw, path, "integer")
        if not INTEGER.match(text):
            raise invalid(f"Invalid integer: {text}", path, WRONG_INTEGER)
        number = int(text)
        if self.least is not None and number < self.least:
            raise invalid(f"This value must be greater than or equal to {self.least}.", path, WRONG_INTEGER)
        if self.most is not None and number > self.most:
            raise invalid(f"This value must be less than or equal to {self.most}.", path, WRONG_INTEGER)
        return number


@dataclass(frozen=True)
class Number:
    """An exact decimal of at most twelve places; `least` is inclusive."""

    least: int | None = None

    def read(self, raw: Raw, path: str) -> Decimal:
        text = text_of(raw, path, "decimal")
        if not DECIMAL.match(text):
            raise invalid(f"Invalid decimal: {text}; must contain at maximum twelve decimal places.", path)
        number = Decimal(text)
        if self.least is not None and number < self.least:
            raise invalid(f"This value must be greater than or equal to {self.least}.", path)
        return number


@dataclass(frozen=True)
class Boolean:
    """`true` or `false`, and nothing else."""

    def read(self, raw: Raw, path: str) -> bool:
        text = text_of(raw, path, "boolean")
        if text not in ("true", "false"):
            raise invalid(f"Invalid boolean: {text}", path)
        return text == "true"


class Choice:
    """One of a fixed set of words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, raw: Raw, path: str) -> str:
        text = text_of(raw, path, "string")
        if text not in self.words:
            name = path.rstrip("]").rpartition("[")[2]
            *most, last = sorted(self.words)
            listed = f"one of {', '.join(most)}, or {last}" if most else last
            raise invalid(f"Invalid {name}: must be {listed}", path)
        return text
