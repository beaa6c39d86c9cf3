"""Quotas that promise units as included, while the price of their use charges for those units too."""

from collections.abc import Iterator, Sequence

from billingportal.domain.prices.pricing import amount
from billingportal.domain.prices.terms import terms_of
from billingportal.models import Plan, PlanQuota, Price

# What `included_but_charged` needs of a price that is sold by use: the resource's id, and the price.
UsagePrice = tuple[int, Price]


def included_but_charged(plan: Plan, by_use: Sequence[UsagePrice]) -> Iterator[str]:
    """A sentence for each quota whose units are included and charged. Stripe charges by the price alone."""
    quotas = {quota.resource_id: quota for quota in plan.quotas if quota.reaction == "bill" and quota.quota}
    for resource_id, price in by_use:
        quota = quotas.get(resource_id)
        if quota is not None and quota.quota:
            yield from sentence(quota, quota.quota, price)


def sentence(quota: PlanQuota, included: int, price: Price) -> Iterator[str]:
    charged = amount(terms_of(price, price.currency), included)
    if charged.minor:
        yield (
            f"{included:,} {quota.resource.unit} are included, but the price charges them: {charged} for {included:,}. "
            f"Let the first tier of the price end at {included:,} and be free, or include 0."
        )
