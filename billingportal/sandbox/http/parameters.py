"""Parameter schemas of the operations: declarative, they read and refuse as Stripe does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.parameter_types import Raw
from billingportal.sandbox.http.wire import Document

CLEARED = ""


class Kind(Protocol):
    """A type of parameter."""

    def read(self, raw: Raw, path: str) -> object:
        """The value in Python's types. Raises Refused naming `path`."""


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

    `retired` names are refused with the given message, and the code that `codes` may give; `absent` ones are Stripe's
    but not the sandbox's, and the refusal says so.
    """

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    retired: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)

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
                raise invalid(self.retired[name], inside(path, name), self.codes.get(name, "parameter_unknown"))
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
