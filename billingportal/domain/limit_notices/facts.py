"""What the sentences about a limit need to know."""

from dataclasses import dataclass
from datetime import date, datetime

from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.limit_notices.stages import Use
from billingportal.domain.prices.pricing import Terms, amount
from billingportal.domain.subscriptions.usage_prices import charge_after
from billingportal.domain.usage.history.projection import Projection
from billingportal.domain.usage.quota_bars import share
from billingportal.models import Resource
from billingportal.models.usage.limit_notice import LimitStage


@dataclass(frozen=True)
class LimitFacts:
    """One stage that a client's use is at. `terms` are those of the price that bills more, where there is one.

    `ends_on`: when the period ends and the counter starts again; None for a gauge. `renews_on`: when extra use is paid.
    """

    stage: LimitStage
    use: Use
    resource: Resource
    plan_name: str
    terms: Terms | None
    projection: Projection | None
    ends_on: date | None
    renews_on: date | None
    noticed_at: datetime | None

    @property
    def unit(self) -> str:
        return self.resource.unit

    @property
    def quota(self) -> int:
        return self.use.quota or 0

    @property
    def extra(self) -> int:
        return max(self.use.used - self.quota, 0)

    @property
    def percent(self) -> int:
        return share(self.use.used, self.use.quota)

    @property
    def figures(self) -> str:
        return f"{self.use.used:,} of {self.quota:,}"

    @property
    def is_counter(self) -> bool:
        return self.resource.kind == "counter"

    @property
    def until(self) -> str:
        """ " until 14 December 2026", or nothing for a level that has no period."""
        return f" until {day(self.ends_on)}" if self.ends_on else ""

    @property
    def pace(self) -> str:
        """When the limit is reached at this pace, as a sentence; empty when that is not known."""
        if self.projection is None or self.projection.on is None:
            return ""
        return f"At this pace you reach the limit on {day(self.projection.on)}."

    @property
    def each(self) -> str:
        """What more costs: "Further AI replies cost $0.004 each"; empty without a price."""
        if self.terms is None:
            return ""
        charge = charge_after(self.terms, max(self.use.used, self.quota), self.unit)
        return "" if charge == "included" else f"Further {self.unit} cost {charge}"

    @property
    def extra_amount(self) -> str:
        """What the use is charged so far, as text; empty without a price."""
        return str(amount(self.terms, self.use.used)) if self.terms else ""

    @property
    def cap_words(self) -> str:
        """The spending cap as money, else in units."""
        cap = self.use.cap or 0
        return str(amount(self.terms, cap)) if self.terms else counted(cap, self.unit)
