"""Shares a whole number out in proportion, so that the parts sum to it exactly. Pure."""

from collections.abc import Sequence
from fractions import Fraction


def shares(whole: int, weights: Sequence[int]) -> list[int]:
    """The parts of `whole` in proportion to weights of 0 or more, by the largest remainder.

    Where remainders are equal, the earlier part gets more. Without any weight nothing can be shared: all parts are 0.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact = [Fraction(abs(whole) * weight, total) for weight in weights]
    parts = [int(one) for one in exact]
    rest = abs(whole) - sum(parts)
    by_remainder = sorted(range(len(exact)), key=lambda place: parts[place] - exact[place])
    for place in by_remainder[:rest]:
        parts[place] += 1
    return parts if whole >= 0 else [-part for part in parts]
