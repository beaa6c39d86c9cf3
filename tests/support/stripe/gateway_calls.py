"""Every call of the gateway with arguments of its types: a method that is added is among them by itself."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal, Union, get_args, get_origin, get_type_hints

from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.listings import WALKS, Walk
from billingportal.stripe_gateway.requests.objects import FETCHES

PLAIN: dict[object, object] = {
    str: "x_1",
    int: 1,
    bool: True,
    Decimal: Decimal("1.5"),
    datetime: datetime(2026, 11, 1, tzinfo=UTC),
    date: date(2026, 11, 1),
    Walk: next(iter(WALKS.values())),
}
# Methods whose argument is one of a list of names.
CHOICES: dict[str, dict[str, Sequence[str]]] = {"fetch": {"kind": list(FETCHES)}, "page": {"walk": list(WALKS)}}

Call = Callable[[], object]


def calls_of(gateway: StripeGateway) -> dict[str, Call]:
    """By name, ready to be made."""
    return {name: call for owner in (gateway, *rooms(gateway)) for name, call in methods(owner)}


def rooms(gateway: StripeGateway) -> list[object]:
    """The parts of the gateway that have methods of their own."""
    package = StripeGateway.__module__.rpartition(".")[0]
    return [room for room in vars(gateway).values() if type(room).__module__.startswith(package)]


def methods(owner: object) -> Iterator[tuple[str, Call]]:
    for name, method in inspect.getmembers(owner, inspect.ismethod):
        if not name.startswith("_"):
            yield from variants(f"{type(owner).__name__}.{name}", method)


def variants(name: str, method: Callable[..., object]) -> Iterator[tuple[str, Call]]:
    hints = get_type_hints(method)
    given = {parameter: value_of(hints[parameter]) for parameter in inspect.signature(method).parameters}
    chosen = CHOICES.get(method.__name__)
    if chosen is None:
        yield name, lambda: method(**given)
        return
    for parameter, choices in chosen.items():
        for choice in choices:
            yield f"{name} {choice}", lambda choice=choice, parameter=parameter: method(**{**given, parameter: choice})  # type: ignore[misc]


def value_of(hint: object) -> object:
    """A value of the type. Raises TypeError for a type that is not known here."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin is Literal:
        return inside[0]
    if origin in (Union, types.UnionType):
        return value_of(next(one for one in inside if one is not types.NoneType))
    if origin in (Mapping, dict):
        return {}
    if origin is tuple and inside[-1] is not Ellipsis:
        return tuple(value_of(one) for one in inside)
    if origin in (Sequence, list, tuple):
        return origin_of(origin)([value_of(inside[0])])
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{field.name: value_of(hints[field.name]) for field in dataclasses.fields(hint)})
    raise TypeError(f"no value of {hint} is known")


def origin_of(origin: object) -> Callable[[list[object]], object]:
    return tuple if origin is tuple else list
