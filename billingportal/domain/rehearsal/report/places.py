"""The places of a report: a short digest of each value, signed beside the report, so that a change can be located.

A place is a JSON path. Entries of a list that have an `id` are named by it: a removed step is one place, not all after.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from billingportal.domain.rehearsal.report.canonical import canonical
from billingportal.plain_json import Json, JsonObject

# Hexadecimal digits. The digests are signed, so one has to be found that fits, not two that are alike.
DIGITS = 16
Places = Mapping[str, str]


def places_of(document: JsonObject) -> dict[str, str]:
    """The digest of each value by its place."""
    return {place: hashlib.sha256(canonical(value).encode()).hexdigest()[:DIGITS] for place, value in leaves(document)}


def leaves(value: Json, place: str = "") -> Iterator[tuple[str, Json]]:
    """Each value that holds no others, with its place. An empty list or object is a value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{place}[{name_of(inner, number)}]")
    else:
        yield place, value


def name_of(entry: Json, number: int) -> str:
    named = entry.get("id") if isinstance(entry, dict) else None
    return named if isinstance(named, str) else str(number)


def differences(signed: Places, found: Places) -> list[str]:
    """The places that differ, in the report's order; what is gone or new as a whole is one place."""
    changed = [place for place in signed if place in found and signed[place] != found[place]]
    removed = tops([place for place in signed if place not in found], found)
    added = tops([place for place in found if place not in signed], signed)
    return [*changed, *(f"{one} (removed)" for one in removed), *(f"{one} (added)" for one in added)]


def tops(missing: Iterable[str], others: Iterable[str]) -> list[str]:
    """The highest places above these under which the other side has nothing."""
    known = {above for place in others for above in ancestors(place)}
    found = (next((above for above in ancestors(place) if above not in known), place) for place in missing)
    return list(dict.fromkeys(found))


def ancestors(place: str) -> Iterator[str]:
    """`a`, `a[x]`, `a[x].b` for `a[x].b`. A name in brackets may have dots."""
    depth = 0
    for position, letter in enumerate(place):
        if (letter == "." and not depth) or (letter == "[" and not depth):
            yield place[:position]
        depth += {"[": 1, "]": -1}.get(letter, 0)
    yield place
