"""Plans a requested plan change from stored rows, or refuses it with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.entitlements import client_plans
from billingportal.domain.invoices import payments_under_way
from billingportal.domain.metering.classic_mode import lost_use
from billingportal.domain.offers import selection as offer_selection
from billingportal.domain.offers.selection import ChosenItem, Selection
from billingportal.domain.plan_changes import item_matching, trial_terms
from billingportal.domain.plan_changes.invoice_text import item_words
from billingportal.domain.plan_changes.present_plan import PlanName, PresentPlan, present_plan
from billingportal.domain.plan_changes.previews import Over
from billingportal.domain.plan_changes.timing import Direction, Had, direction, timings
from billingportal.domain.plans import plans
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.usage import totals as usage_totals
from billingportal.errors import Refusal
from billingportal.models import Client, Plan, Resource
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.stripe_gateway.requests.subscriptions import ItemChange

CHANGEABLE = ("active", "trialing")


@dataclass(frozen=True)
class ChangeRequest:
    """The requested plan and its selection. `timing` None is the usual one.

    A request that confirms a preview repeats its `prorated_at`, the moment of its amounts, its `seal`, the fingerprint
    of its promises, and the `token` of the page that showed it. `staff_id` is None when the client asks.
    `leaves_use`: staff were told what could not be sent to Stripe, and make the change all the same.
    """

    client_id: int
    plan_id: int
    selection: Selection
    timing: ChangeTiming | None = None
    prorated_at: datetime | None = None
    seal: str = ""
    staff_id: int | None = None
    token: str = ""
    leaves_use: bool = False


@dataclass(frozen=True)
class Planned:
    """A possible change. An empty `wanted` means a free plan: the subscription ends.

    `trial_days`: the most days for which a trial goes on; 0 ends it with the change, None leaves it as it is.
    `staying` describes the items of something else, which are not touched.
    """

    present: PresentPlan
    plan: PlanName
    selection: Selection
    wanted: Sequence[ChosenItem]
    changes: Sequence[ItemChange]
    direction: Direction
    timings: tuple[ChangeTiming, ...]
    over: tuple[Over, ...]
    from_words: str
    to_words: str
    trial_days: int | None = None
    staying: tuple[str, ...] = ()

    @property
    def ends_trial(self) -> bool:
        return self.present.is_on_trial and self.trial_days == 0

    @property
    def has_usage(self) -> bool:
        kept = item_matching.staying(self.present.items, self.wanted)
        return any(one.role == "usage" for one in self.wanted) or any(not item.is_licensed for item in kept)


def planned(session: Session, client: Client | None, request: ChangeRequest) -> Planned:
    """Plan the change of the client's running subscription from stored rows. Raises Refusal with words for people."""
    plan = plans.find_plan(session, request.plan_id)
    if client is None or client.archived_at is not None:
        raise Refusal("", "This client is archived. Restore it first.")
    if plan is None:
        raise Refusal("plan", "Choose one of the plans.")
    present = present_plan(session, client)
    if present is None:
        raise Refusal("", "There is no subscription that could be changed. Choose a plan and pay for it first.")
    refuse_unchangeable(present)
    if client_plans.is_free(plan):
        return ending(session, present, plan, request.selection)
    refuse_while_paying(session, client)
    selection = replace(request.selection, currency=present.currency)
    wanted = offer_selection.items(session, plan, selection, client.mode)
    refuse_unclear(session, present, is_staff=request.staff_id is not None)
    changes = item_matching.changes(present.items, wanted)
    if not changes:
        raise Refusal("plan", f"This is what {client.name} has already.")
    trial_terms.refuse_without_card(session, client, present, plan, wanted)
    towards = direction_of(present, plan, selection)
    offered = timings(
        towards,
        is_on_trial=present.is_on_trial,
        allows_downgrade_at_once=checkout_settings.current_settings(session).allows_downgrade_at_once,
    )
    offered = without_lost_use(session, present, changes, request.timing, offered)
    over = over_quota(session, client.id, plan, wanted)
    before, afterwards = change_words(session, present, plan.name, selection)
    kept = item_matching.staying(present.items, wanted)
    return Planned(
        present,
        name_of(plan),
        selection,
        wanted,
        changes,
        towards,
        offered,
        over,
        before,
        afterwards,
        trial_days=trial_terms.days_kept(session, present, plan),
        staying=item_words(session, present.account_id, present.currency, kept),
    )


def without_lost_use(
    session: Session,
    present: PresentPlan,
    changes: Sequence[ItemChange],
    timing: ChangeTiming | None,
    offered: tuple[ChangeTiming, ...],
) -> tuple[ChangeTiming, ...]:
    """The timings that leave no use unbilled. Raises Refusal when another one was asked for."""
    item_ids = [one.stripe_subscription_item_id for one in changes if one.stripe_subscription_item_id is not None]
    lost = lost_use(session, present.client_id, present.account_id, present.stripe_subscription_id, item_ids)
    if lost is None or present.is_on_trial:
        return offered
    if timing == "now":
        raise Refusal(
            "timing",
            f"In this subscription's billing mode, Stripe would never bill the {lost} of this period if the price "
            "changed now. Make the change at the end of the period.",
        )
    return ("renewal",)


def change_words(session: Session, present: PresentPlan, name: str, selection: Selection) -> tuple[str, str]:
    """The words before and after the change: the two plans, or the differences within one plan."""
    had = present.selection
    if had is None or present.name != name:
        return present.name, name
    units = {row.key: row.unit for row in session.scalars(select(Resource))}
    keys = [key for key, number in selection.quantities.items() if number != had.quantities.get(key)]
    before = [counted(had.quantities.get(key, 0), units.get(key, key)) for key in keys]
    afterwards = [counted(selection.quantities[key], units.get(key, key)) for key in keys]
    if had.period != selection.period:
        before.append(f"paid {period_words(*had.period)}")
        afterwards.append(f"paid {period_words(*selection.period)}")
    return ", ".join([name, *before]), ", ".join([name, *afterwards])


def name_of(plan: Plan) -> PlanName:
    return PlanName(plan.id, plan.name, plan.position)


def ending(session: Session, present: PresentPlan, plan: Plan, selection: Selection) -> Planned:
    """A change to a free plan: the subscription ends with its paid period."""
    over = over_quota(session, present.client_id, plan, ())
    return Planned(present, name_of(plan), selection, (), (), "down", ("renewal",), over, present.name, plan.name)


def refuse_unchangeable(present: PresentPlan) -> None:
    """Raises Refusal while the subscription is paused, has a payment due, or is scheduled to end."""
    status = present.status
    if status == "paused":
        raise Refusal("", "The subscription is paused. Add a card to go on, then change the plan.")
    if status not in CHANGEABLE:
        raise Refusal("", "A payment is due. Pay it first, then change the plan.")
    if present.ends_at is not None:
        raise Refusal("", f"The subscription ends on {day(present.ends_at)}. Resume it first, then change the plan.")


def refuse_while_paying(session: Session, client: Client) -> None:
    """Raises Refusal while a bank debit is under way: a change would charge a second time before the first arrives."""
    if payments_under_way.invoices_under_way(session, client_subscriptions.link_of(session, client)):
        raise Refusal("", "A payment is on its way. Change the plan when it has arrived.")


def refuse_unclear(session: Session, present: PresentPlan, *, is_staff: bool) -> None:
    """Raises Refusal where nothing tells which of several items is the plan's: the wrong one would be charged twice or
    lost. Staff see the items."""
    if not item_matching.is_unclear(present.items):
        return
    if not is_staff:
        raise Refusal("", "Your subscription can't be switched here. Contact us, and we switch it for you.")
    items = [item for item in present.items if item.is_licensed]
    words = item_words(session, present.account_id, present.currency, items)
    named = " and ".join(f"{text} ({item.stripe_price_id})" for text, item in zip(words, items, strict=True))
    raise Refusal("", f"No plan has the prices of this subscription: {named}. Link one of them to a plan first.")


def direction_of(present: PresentPlan, plan: Plan, selection: Selection) -> Direction:
    if present.plan is None or present.selection is None:
        return "up"
    now, had = present.plan, present.selection
    return direction(
        Had(now.id, now.position, had.period, had.quantities),
        Had(plan.id, plan.position, selection.period, selection.quantities),
    )


def over_quota(session: Session, client_id: int, plan: Plan, wanted: Sequence[ChosenItem]) -> tuple[Over, ...]:
    """Resources used beyond the new plan's quotas. A resource whose overuse is billed is never over."""
    used = usage_totals.usage_of(session, client_id)
    limits = {row.resource_id: row.quota for row in plan.quotas if row.reaction != "bill"}
    limits |= {one.resource_id: one.quantity for one in wanted if one.role == "quantity" and one.resource_id}
    exceeded = {key: quota for key, quota in limits.items() if quota is not None and used.get(key, 0) > quota}
    rows = session.scalars(select(Resource).where(Resource.id.in_(exceeded)).order_by(Resource.position, Resource.id))
    return tuple(Over(row.name, row.unit, used[row.id], exceeded[row.id]) for row in rows)


def proration_moment(present: PresentPlan) -> datetime:
    """The client's time in whole seconds, never before the start of the prorated period."""
    return max(present.moment.replace(microsecond=0), present.period_started_at)
