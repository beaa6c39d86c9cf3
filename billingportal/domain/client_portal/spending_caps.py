"""What a spending cap means for a client: what is included, what more costs, and the most that it pays."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.client_portal.billing_page import estimate_of, subscription_of
from billingportal.domain.prices.price_text import worded
from billingportal.domain.prices.pricing import Terms, amount
from billingportal.domain.subscriptions.estimates import Estimate
from billingportal.domain.subscriptions.usage_prices import usage_terms
from billingportal.models import Client, ClientUsage, EntitledQuota, Entitlement, Resource
from billingportal.money import Money


@dataclass(frozen=True)
class CapQuote:
    """What a cap of so many units costs at most. Amounts are estimates before tax; None without a price."""

    extra: int
    most: Money | None
    with_plan: Money | None


@dataclass(frozen=True)
class CapForm:
    """A billed resource of a client. `included` None is unlimited. `least`: no cap may be below it."""

    resource: Resource
    included: int | None
    used: int
    least: int
    cap: int | None
    terms: Terms | None
    estimate: Estimate | None

    @property
    def price_words(self) -> str:
        """What use costs as a sentence: each tier, or the price of a unit."""
        if self.terms is None:
            return "Extra use is charged."
        words = worded(self.terms, "", self.resource.unit, is_metered=True)
        if words.tiers:
            return f"{self.resource.name}: {words.joint.join(words.tiers)}."
        return f"You pay {words.amount} {words.basis.strip()}."

    def quote(self, cap: int) -> CapQuote:
        extra = max(cap - (self.included or 0), 0)
        if self.terms is None:
            return CapQuote(extra, None, None)
        most = amount(self.terms, cap)
        due = self.estimate.due if self.estimate else None
        return CapQuote(extra, most, due + most if due and due.currency == most.currency else None)


def cap_form(session: Session, client: Client, key: str) -> CapForm | None:
    """The form of a resource; None unless the client has a quota of it whose excess is billed."""
    held = session.scalar(select(Entitlement).where(Entitlement.client_id == client.id))
    quota = session.scalar(
        select(EntitledQuota)
        .join(Resource, Resource.id == EntitledQuota.resource_id)
        .where(EntitledQuota.client_id == client.id, EntitledQuota.reaction == "bill", Resource.key == key)
    )
    if held is None or quota is None:
        return None
    mine = select(ClientUsage).where(ClientUsage.client_id == client.id, ClientUsage.resource_id == quota.resource_id)
    row = session.scalar(mine)
    subscription = subscription_of(session, held)
    return CapForm(
        quota.resource,
        quota.quota,
        row.used if row else 0,
        row.used + row.reserved if row else 0,
        row.spending_cap if row else None,
        usage_terms(session, subscription).get(quota.resource_id),
        estimate_of(session, subscription),
    )
