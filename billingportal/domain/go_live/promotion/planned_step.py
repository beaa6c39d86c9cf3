"""One row of a dry run, and of the promotion that follows it."""

from dataclasses import dataclass

from billingportal.models.go_live.promotion_step import StepKind
from billingportal.plain_json import JsonObject


@dataclass(frozen=True)
class PlannedStep:
    """See `models/go_live/promotion_step.py` for the fields."""

    kind: StepKind
    subject: str
    title: str
    detail: str
    request: JsonObject
