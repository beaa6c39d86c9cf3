"""A client's present plan and subscription, from which a change starts. Plain values, usable outside a transaction
while Stripe is asked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.entitlements import plan_matching, subscription_facts
from billingportal.domain.entitlements.planned_changes import PlannedChange, planned_change
from billingportal.domain.offers import selection as offer_selection
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.item_matching import HeldItem
from billingportal.domain.plans.bought_links import BoughtLinks
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.invoice_history import BY_BILL
from billingportal.domain.subscriptions.status import FAILING_STATUSES
from billingportal.models import Client, Plan, Subscription
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class PlanName:
    """A plan and its `position` in the partner's order."""

    id: int
    name: str
    position: int


@dataclass(frozen=True)
class PresentPlan:
    """`plan` is None when no plan here has the subscription's prices. `moment` is the client's time. `planned` is what
    its schedule at Stripe changes next. `has_adjustments`: discounts or taxes count beside the prices."""

    client_id: int
    client_name: str
    mode: Mode
    account_id: int
    stripe_subscription_id: str
    status: str
    currency: str
    revision: int
    is_paid_by_bill: bool
    is_to_end_at_period_end: bool
    ends_at: datetime | None
    trial_ends_at: datetime | None
    stripe_schedule_id: str | None
    plan: PlanName | None
    selection: Selection | None
    items: tuple[HeldItem, ...]
    moment: datetime
    planned: PlannedChange | None = None
    has_adjustments: bool = False

    @property
    def name(self) -> str:
        return self.plan.name if self.plan else "the present subscription"

    @property
    def period_ends_at(self) -> datetime:
        """The latest period end of licensed items, or of all items if all are metered. Periods live on the items."""
        ahead = [item for item in self.items if item.quantity is not None]
        return max(item.ends_at for item in ahead or self.items)

    @property
    def period_started_at(self) -> datetime:
        """The latest start of the items' current periods."""
        return max(item.started_at for item in self.items)

    @property
    def has_one_period(self) -> bool:
        return len({item.ends_at for item in self.items}) == 1

    @property
    def owes(self) -> bool:
        """Whether a payment has failed, so that it comes before any change."""
        return self.status in FAILING_STATUSES

    @property
    def is_on_trial(self) -> bool:
        return self.status == "trialing"


def present_plan(session: Session, client: Client) -> PresentPlan | None:
    """The plan of the client's running or trialing subscription; None without one."""
    row = client_subscriptions.running_of(session, client)
    if row is None:
        return None
    moment = moment_of(session, client)
    links = subscription_facts.links_of_items(session, client, row)
    plan = session.get_one(Plan, links.plan_id) if links.plan_id else None
    return PresentPlan(
        client_id=client.id,
        client_name=client.name,
        mode=client.mode,
        account_id=row.processor_account_id,
        stripe_subscription_id=row.stripe_subscription_id,
        status=row.status,
        currency=row.currency,
        revision=row.revision,
        is_paid_by_bill=row.collection_method == BY_BILL,
        is_to_end_at_period_end=row.cancel_at_period_end,
        ends_at=subscription_facts.ends_at(row),
        trial_ends_at=row.trial_ends_at,
        stripe_schedule_id=row.stripe_schedule_id,
        plan=PlanName(plan.id, plan.name, plan.position) if plan else None,
        selection=offer_selection.selection_of(session, links.of_plan, row) if plan else None,
        items=held_items(session, row, links),
        moment=moment,
        planned=planned_change(session, client, row, moment),
        has_adjustments=row.has_adjustments,
    )


def held_items(session: Session, row: Subscription, links: BoughtLinks) -> tuple[HeldItem, ...]:
    """The subscription's items, each with its use in the present plan, else in any plan with its price."""
    uses = {price_id: (link.role, link.resource_id) for price_id, link in links.by_price.items()}
    products = plan_matching.products_of_plans(session, row.processor_account_id)
    return tuple(
        HeldItem(
            item.stripe_subscription_item_id,
            item.stripe_price_id,
            item.quantity,
            uses.get(item.stripe_price_id),
            item.period_started_at,
            item.period_ends_at,
            is_of_a_plan=item.stripe_product_id in products,
        )
        for item in row.items
    )
