"""The amounts that a rehearsal uses: 0, 1, and both sides of every end of a tier, package or quota."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from billingportal.domain.prices.pricing import Terms
from billingportal.domain.rehearsal.promises import Promise, Sold

# Each unit of a meter that counts events is an event of its own.
MOST_EVENTS = 30
# Stripe's test mode takes a few calls a second, and each amount costs a few calls.
MOST_AMOUNTS = 24
USUAL = 7


def edges_of(terms: Terms) -> list[int]:
    """The amounts to try of a price, ascending."""
    ends = [tier.up_to for tier in terms.tiers if tier.up_to is not None]
    if terms.package is not None:
        ends = [terms.package.size]
    found = {0, 1, *(end + step for end in ends for step in (-1, 0, 1) if end + step >= 0)}
    return sorted(found if ends else found | {USUAL})


def amounts_of(one: Sold, chosen: Sequence[int] = ()) -> list[int]:
    """The amounts of a metered price: its edges and those that staff chose, which a count of events limits."""
    found = sorted({*edges_of(one.terms), *chosen})
    return [number for number in found if one.formula != "count" or number <= MOST_EVENTS][:MOST_AMOUNTS]


def stages_of(promise: Promise, chosen: Mapping[str, Sequence[int]], *, is_quick: bool) -> list[dict[str, int]]:
    """The use of each resource, stage by stage: all resources at once, so that one period tries them all."""
    columns = {one.resource_key: amounts_of(one, chosen.get(one.resource_key, ())) for one in promise.by_use}
    if is_quick:
        return [{key: numbers[-1] for key, numbers in columns.items()}] if columns else []
    rows = zip_longest(*columns.values())
    stages: list[dict[str, int]] = []
    for row in rows:
        before = stages[-1] if stages else dict.fromkeys(columns, 0)
        stages.append(
            {key: before[key] if number is None else number for key, number in zip(columns, row, strict=True)}
        )
    return stages
