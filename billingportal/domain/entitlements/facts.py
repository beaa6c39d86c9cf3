"""All that counts for what a client is entitled to, and the answer. Plain values: no rows, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billingportal.domain.dunning.ladder import Ladder, Rung
from billingportal.models.entitlements.entitled_quota import QuotaSource
from billingportal.models.entitlements.entitlement import Access, PlanSource, Standing
from billingportal.models.plans.plan_quota import Reaction


@dataclass(frozen=True)
class Quota:
    """How much of a resource may be used: None is unlimited."""

    quota: int | None
    reaction: Reaction
    source: QuotaSource = "plan"


@dataclass(frozen=True)
class PlanFacts:
    """A plan as it is for this client: its changes may not concern everybody."""

    plan_id: int
    name: str
    position: int
    quotas: Mapping[int, Quota]


@dataclass(frozen=True)
class Gift:
    """A plan given by hand."""

    plan: PlanFacts
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Override:
    """A quota given by hand."""

    resource_id: int
    resource_name: str
    quota: int | None
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Composition:
    """Prices of a subscription with their quantities, the plan they mean and the numbers of resources they sell."""

    plan: PlanFacts | None
    items: Mapping[str, int | None]
    bought: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SubscriptionFacts:
    """The client's subscription. `shown` is what Stripe says it consists of; `proven` what of it is known to be paid
    for, which is another composition while a change waits for its payment, and None if nothing ever was.

    `ends_at` is set when it will not renew. `failing_since` is set while a payment fails.
    """

    stripe_subscription_id: str
    status: str
    shown: Composition
    proven: Composition | None
    renews_at: datetime | None
    trial_ends_at: datetime | None
    ends_at: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True)
class ClientFacts:
    """All that counts. `base` is the free plan that was chosen, or the default plan, and `is_default` which of them."""

    suspended_since: datetime | None
    suspension_reason: str
    gift: Gift | None
    overrides: Sequence[Override]
    subscription: SubscriptionFacts | None
    had_subscription: bool
    is_buying: bool
    base: PlanFacts | None
    is_default: bool
    ladder: Ladder


@dataclass(frozen=True)
class Entitled:
    """The answer. `changes_at` is when time alone will change it."""

    plan: PlanFacts | None
    source: PlanSource
    access: Access
    standing: Standing
    rung: Rung
    quotas: Mapping[int, Quota]
    until: datetime | None
    renews_at: datetime | None
    reasons: tuple[str, ...]
    changes_at: datetime | None
