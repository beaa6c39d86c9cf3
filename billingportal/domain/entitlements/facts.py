"""The inputs and the result of an entitlement evaluation. Plain values: no rows, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billingportal.domain.dunning.ladder import Ladder, Rung
from billingportal.models.entitlements.entitled_quota import QuotaSource
from billingportal.models.entitlements.entitlement import Access, PlanSource, Standing
from billingportal.models.plans.plan_quota import Reaction


@dataclass(frozen=True)
class Quota:
    """The limit of a resource; `quota` None is unlimited."""

    quota: int | None
    reaction: Reaction
    source: QuotaSource = "plan"


@dataclass(frozen=True)
class PlanFacts:
    """A plan with this client's quotas: a quota change may not apply to every client."""

    plan_id: int
    name: str
    position: int
    quotas: Mapping[int, Quota]


@dataclass(frozen=True)
class Gift:
    """A plan granted by staff."""

    plan: PlanFacts
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Override:
    """A quota granted by staff."""

    resource_id: int
    resource_name: str
    quota: int | None
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Composition:
    """A subscription's prices with their quantities, the plan they belong to and the resource quantities bought."""

    plan: PlanFacts | None
    items: Mapping[str, int | None]
    bought: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SubscriptionFacts:
    """The client's subscription. `shown` is its composition at Stripe; `proven` is the composition known to be paid
    for, which differs while a change waits for its payment, and is None if nothing ever was.

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
    """The inputs. `base` is the free plan chosen for the client, or the default plan; `is_default` says which."""

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
    """The result. `changes_at` is when time alone will change it."""

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
