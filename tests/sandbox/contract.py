"""What the official SDK's resource classes require of an answer, read from the classes themselves."""

import importlib
import inspect
import types
import typing
from collections.abc import Iterator
from typing import Any

import stripe
from stripe._object_classes import OBJECT_CLASSES, V2_OBJECT_CLASSES
from stripe.events._event_classes import get_v2_event_class


def violations(document: dict[str, Any], path: str = "") -> Iterator[str]:
    """Each attribute that a class requires and the answer lacks, through all inner objects."""
    name = document.get("object")
    here = path or str(name)
    if document.get("deleted"):
        yield from (f"{here}.{key}" for key in ("id", "object") if key not in document)
    elif name == "list":
        yield from (f"{here}.{key}" for key in ("data", "has_more", "url") if key not in document)
        for position, item in enumerate(document.get("data", [])):
            yield from violations(item, f"{here}[{position}]")
    else:
        yield from missing(document, class_of(document), here)


def class_of(document: dict[str, Any]) -> type:
    """The class that the SDK gives an object; thin events have one for each type."""
    if document["object"] == "v2.core.event":
        found = get_v2_event_class(document["type"])
        assert isinstance(found, type)
        return found
    return resource_class(document["object"])


def resource_class(name: str) -> type:
    """The class that the SDK gives an object. Raises KeyError for a name it does not know."""
    module, class_name = {**V2_OBJECT_CLASSES, **OBJECT_CLASSES}[name]
    found = getattr(importlib.import_module(module), class_name)
    assert isinstance(found, type)
    return found


def missing(document: dict[str, Any], holder: type, path: str) -> Iterator[str]:
    """Required attributes that are absent or null, and values of a kind that the class does not declare."""
    declared = declarations(holder)
    yield from (f"{path}.{name} is not declared" for name in document.keys() - declared.keys())
    for name, hint in declared.items():
        where = f"{path}.{name}"
        value = document.get(name)
        if value is None:
            if not optional(hint):
                yield f"{where} is missing"
        elif isinstance(value, dict) and isinstance(value.get("object"), str):
            yield from violations(value, where)
        elif isinstance(value, dict):
            for inner in inner_classes(hint):
                yield from missing(value, inner, where)
        elif isinstance(value, list):
            yield from of_items(value, hint, where)
        elif not allowed(value, hint):
            yield f"{where} is {value!r}, not {hint}"


def of_items(values: list[Any], hint: object, path: str) -> Iterator[str]:
    """What the elements of an array lack."""
    for position, item in enumerate(values):
        where = f"{path}[{position}]"
        if isinstance(item, dict) and "object" in item:
            yield from violations(item, where)
        elif isinstance(item, dict):
            for inner in inner_classes(hint):
                yield from missing(item, inner, where)


def declarations(holder: type) -> dict[str, object]:
    """The data attributes of a resource class or of a hash inside one."""
    found = {
        name: hint
        for base in reversed(holder.__mro__)
        if issubclass(base, stripe.StripeObject) and base is not stripe.StripeObject
        for name, hint in inspect.get_annotations(base).items()
        if not name.startswith("_")
    }
    found.pop("OBJECT_NAME", None)
    return found


def optional(hint: object) -> bool:
    """Whether null is allowed."""
    return types.NoneType in typing.get_args(hint)


def inner_classes(hint: object) -> list[type]:
    """The classes of hashes that a hint names; maps of the caller's own keys have none."""
    if isinstance(hint, type) and issubclass(hint, stripe.StripeObject):
        return [hint]
    if "UntypedStripeObject" in str(typing.get_origin(hint)):
        return []
    return [found for argument in typing.get_args(hint) for found in inner_classes(argument)]


def allowed(value: object, hint: object) -> bool:
    """Whether a leaf fits: decimals travel as strings, enums are closed although the SDK writes `| str`."""
    members = list(flat(hint))
    literals = [member for member in members if typing.get_origin(member) is typing.Literal]
    if literals:
        return any(value in typing.get_args(literal) for literal in literals)
    plain = {member.__name__ for member in members if isinstance(member, type)}
    references = [member for member in members if isinstance(member, str | typing.ForwardRef | typing.TypeVar)]
    return bool(references) or type(value).__name__ in plain or (isinstance(value, str) and "Decimal" in plain)


def flat(hint: object) -> Iterator[object]:
    """The members of a union, however deep."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for argument in typing.get_args(hint):
            yield from flat(argument)
    else:
        yield hint
