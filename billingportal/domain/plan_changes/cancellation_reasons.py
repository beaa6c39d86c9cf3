"""Cancellation reasons and their validation."""

from typing import Literal, get_args

from billingportal.errors import Refusal
from billingportal.stripe_gateway.requests.subscriptions import Farewell

# Stripe's values of `cancellation_details.feedback`.
Reason = Literal[
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
]
REASONS: dict[Reason, str] = {
    "too_expensive": "It costs too much",
    "missing_features": "Something is missing",
    "switched_service": "Another service suits better",
    "unused": "It is not used enough",
    "customer_service": "The service was not good",
    "too_complex": "It is too hard to use",
    "low_quality": "It does not work well enough",
    "other": "Something else",
}
LONGEST_COMMENT = 500


def checked(reason: str, comment: str) -> Farewell:
    """The validated reason and comment. Raises Refusal for an unknown reason or a comment that is too long."""
    if reason and reason not in get_args(Reason):
        raise Refusal("reason", "Choose one of the reasons.")
    if len(comment) > LONGEST_COMMENT:
        raise Refusal("comment", f"Use at most {LONGEST_COMMENT} characters; these are {len(comment)}.")
    return Farewell(reason, comment.strip())
