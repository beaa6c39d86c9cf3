"""The definition of a repair."""

from collections.abc import Callable
from dataclasses import dataclass

from billingportal.domain.health.findings.check import Surroundings
from billingportal.plain_json import JsonObject


@dataclass(frozen=True)
class Repair:
    """`run` gets the arguments of the finding's action and the id of the person who asked for it. It returns in words
    what it did, and records it in the audit log. It raises Refusal when nothing could be done.

    It opens its own transactions, and none is open while it waits for Stripe.
    """

    name: str
    run: Callable[[Surroundings, JsonObject, int], str]
