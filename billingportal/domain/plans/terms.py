"""The terms of a plan that staff type, without its prices, and their validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from billingportal.errors import Refusal
from billingportal.models import Plan
from billingportal.models.plans.plan import TrialEnd
from billingportal.models.plans.plan_quota import Reaction

LONGEST_TRIAL = 730  # days, as at Stripe
MOST_FEATURES = 15
LARGEST_QUOTA = 10**15


@dataclass(frozen=True)
class Limit:
    """A quota of a resource (None is unlimited, 0 is none) and the reaction when it is used up."""

    quota: int | None
    reaction: Reaction = "block"


@dataclass(frozen=True)
class PlanTerms:
    """A plan without its prices, state and position. `quotas` are by resource id."""

    name: str
    description: str = ""
    note: str = ""
    features: Sequence[str] = ()
    trial_days: int = 0
    trial_needs_card: bool = True
    trial_end: TrialEnd = "default"
    is_on_request: bool = False
    quotas: Mapping[int, Limit] | None = None


def checked(terms: PlanTerms) -> PlanTerms:
    """The terms without needless blanks. Raises Refusal naming the field."""
    name = " ".join(terms.name.split())
    features = tuple(line for line in (" ".join(line.split()) for line in terms.features) if line)
    if not name:
        raise Refusal("name", "Give the plan a name, for example “Growth”.")
    refuse_long("name", name, 60)
    refuse_long("description", terms.description.strip(), 200)
    if len(features) > MOST_FEATURES:
        raise Refusal("features", f"Use at most {MOST_FEATURES} lines.")
    for line in features:
        refuse_long("features", line, 80)
    if not 0 <= terms.trial_days <= LONGEST_TRIAL:
        raise Refusal("trial_days", f"A trial takes 0 to {LONGEST_TRIAL} days.")
    for resource_id, limit in (terms.quotas or {}).items():
        if limit.quota is not None and not 0 <= limit.quota <= LARGEST_QUOTA:
            raise Refusal(f"quota_{resource_id}", "A quota is 0 or more. Leave it empty for no limit.")
    return replace(terms, name=name, description=terms.description.strip(), note=terms.note.strip(), features=features)


def refuse_long(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise Refusal(field, f"Use at most {longest} characters; these are {len(text)}.")


def limits_of(plan: Plan) -> dict[int, Limit]:
    """The plan's quotas by resource id."""
    return {row.resource_id: Limit(row.quota, row.reaction) for row in plan.quotas}


def terms_of_plan(plan: Plan) -> PlanTerms:
    """The stored terms of a plan, as its form shows them."""
    return PlanTerms(
        name=plan.name,
        description=plan.description,
        note=plan.note,
        features=[str(line) for line in plan.features],
        trial_days=plan.trial_days,
        trial_needs_card=plan.trial_needs_card,
        trial_end=plan.trial_end,
        is_on_request=plan.is_on_request,
        quotas=limits_of(plan),
    )
