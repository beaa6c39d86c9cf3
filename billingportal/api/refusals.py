"""Turns what the domain refuses into problems."""

from collections.abc import Iterator
from contextlib import contextmanager

from billingportal.api.kernel.problems import FieldError, Problem, invalid
from billingportal.errors import AlreadyTaken, Conflict, Refusal
from billingportal.stripe_gateway.errors import StripeProblem

# Seconds after which the same request may succeed.
SOON = "1"
LATER = "30"


@contextmanager
def as_problems(pointers: dict[str, str] | None = None) -> Iterator[None]:
    """Raise what the domain refuses as Problem. `pointers` are by the domain's field; of others the name is the same.

    Stripe without an answer is `unavailable`: the same request may succeed later.
    """
    try:
        yield
    except Refusal as refusal:
        pointer = (pointers or {}).get(refusal.field, f"/{refusal.field}" if refusal.field else "")
        if isinstance(refusal, AlreadyTaken):
            error = FieldError(refusal.message, pointer=pointer)
            raise Problem("external_id_taken", refusal.message, (error,)) from None
        raise invalid(pointer, refusal.message) from None
    except Conflict as conflict:
        raise Problem("unavailable", str(conflict), headers={"Retry-After": SOON}) from None
    except StripeProblem:
        words = "Stripe cannot be asked now. Send the same request again later."
        raise Problem("unavailable", words, headers={"Retry-After": LATER}) from None
