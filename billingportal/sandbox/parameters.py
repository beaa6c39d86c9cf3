"""What each operation takes: small declarative schemas that read and refuse as Stripe does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from billingportal.sandbox.errors import invalid
from billingportal.sandbox.wire import Document

INTEGER = re.compile(r"-?\d{1,15}\Z")
DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,12})?\Z")
Raw = str | Document
CLEARED = ""


class Kind(Protocol):
    """A type of parameter."""

    def read(self, raw: Raw, path: str) -> object:
        """The value in Python's types. Raises Refused naming `path`."""


def text_of(raw: Raw, path: str, what: str) -> str:
    """A single non-empty value. Raises Refused for hashes, arrays and empty strings."""
    if not isinstance(raw, str):
        raise invalid(f"Invalid {what}", path)
    if raw == "":
        raise empty(path)
    return raw


def empty(path: str) -> Exception:
    """The refusal of an empty value where nothing can be unset."""
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
            raise invalid(f"Invalid integer: {text}", path, "parameter_invalid_integer")
        number = int(text)
        if self.least is not None and number < self.least:
            raise invalid(f"This value must be greater than or equal to {self.least}.", path, TOO_SMALL)
        if self.most is not None and number > self.most:
            raise invalid(f"This value must be less than or equal to {self.most}.", path, TOO_SMALL)
        return number


TOO_SMALL = "parameter_invalid_integer"


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
    """One of some words."""

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


@dataclass(frozen=True)
class Many:
    """An array of one kind."""

    item: Kind
    most: int = 1000

    def read(self, raw: Raw, path: str) -> list[object]:
        if not isinstance(raw, dict) or not all(key.isdigit() for key in raw):
            raise invalid("Invalid array", path)
        if len(raw) > self.most:
            raise invalid(f"Array too long: {path} takes at most {self.most} elements.", path)
        ordered = sorted(raw, key=int)
        return [self.item.read(raw[key], f"{path}[{position}]") for position, key in enumerate(ordered)]


@dataclass(frozen=True)
class Table:
    """A hash with keys of the caller's choice, such as currencies."""

    item: Kind

    def read(self, raw: Raw, path: str) -> dict[str, object]:
        if not isinstance(raw, dict):
            raise invalid("Invalid object", path)
        return {key: self.item.read(value, f"{path}[{key}]") for key, value in raw.items()}


@dataclass(frozen=True)
class Clearable:
    """Any kind that an empty string unsets; reads as CLEARED."""

    inner: Kind

    def read(self, raw: Raw, path: str) -> object:
        return CLEARED if raw == "" else self.inner.read(raw, path)


@dataclass(frozen=True)
class Either:
    """The first kind if the value is of its shape, else the second."""

    shape: re.Pattern[str]
    fitting: Kind
    other: Kind

    def read(self, raw: Raw, path: str) -> object:
        fits = isinstance(raw, str) and self.shape.match(raw) is not None
        return self.fitting.read(raw, path) if fits else self.other.read(raw, path)


@dataclass(frozen=True)
class Record:
    """A hash of known names.

    `retired` names are refused in the words given; `absent` ones are Stripe's but not the sandbox's, and say so.
    """

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    retired: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def read(self, raw: Raw, path: str) -> Document:
        if not isinstance(raw, dict):
            raise invalid("Invalid object", path)
        self.refuse_unknown(raw, path)
        for name in self.required:
            if name not in raw:
                full = inside(path, name)
                raise invalid(f"Missing required param: {full}.", full, "parameter_missing")
        return {name: self.fields[name].read(value, inside(path, name)) for name, value in raw.items()}

    def refuse_unknown(self, raw: Document, path: str) -> None:
        """Raises Refused for retired names, then for all unknown names together."""
        for name in raw:
            if name in self.retired:
                raise invalid(self.retired[name], inside(path, name), "parameter_unknown")
            if name in self.absent:
                message = f"The sandbox does not know the parameter {inside(path, name)} yet; Stripe does."
                raise invalid(message, inside(path, name))
        unknown = [inside(path, name) for name in raw if name not in self.fields]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
            raise invalid(message, unknown[0], "parameter_unknown")


def inside(path: str, name: str) -> str:
    """The name of a parameter within another: `recurring[interval]`."""
    return f"{path}[{name}]" if path else name
