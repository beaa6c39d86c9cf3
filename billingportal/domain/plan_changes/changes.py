"""Makes a plan change at exactly the price of the confirmed preview; a client has at most one open change."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.checkout.requests import missing_card
from billingportal.domain.clients import clients
from billingportal.domain.metering.push import push_before_change
from billingportal.domain.plan_changes import quotes as plan_change_quotes
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plan_changes import withdrawal
from billingportal.domain.plan_changes.planning import ChangeRequest, Planned, planned
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.plan_changes.previews import Preview
from billingportal.domain.plan_changes.schedules import restoration
from billingportal.domain.subscriptions import change_state
from billingportal.errors import Conflict, PortalError, Refusal
from billingportal.models import Plan, PlanChange
from billingportal.plain_json import Json
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway

LASTS = timedelta(minutes=10)


class Aged(PortalError):
    """The confirmed preview is out of date. Carries a new preview to confirm."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("What you saw is not up to date any more. Please look again.")
        self.preview = preview


def make_change(transaction: Transaction, gateway: StripeGateway, request: ChangeRequest) -> int:
    """Make the previewed change and return the id of its row. Moving to a free plan is a cancellation instead.

    Confirming one preview twice makes one change. What was used is sent to Stripe first, so that it is billed at the
    old price. Call it with no transaction open. Raises Aged when the preview is out of date, Refusal, Conflict, and a
    StripeProblem when Stripe does not answer.
    """
    with transaction() as session:
        earlier = same_change(session, request)
        if earlier is not None:
            return earlier.id
        client = clients.find_client(session, request.client_id)
        plan = planned(session, client, request)
    if not plan.wanted:
        raise Refusal("plan", f"{plan.plan.name} is free. Cancel the subscription to move to it.")
    # At the end of a period Stripe bills what was used by then at the old price anyway.
    may_leave_use = request.leaves_use or request.timing == "renewal"
    push_before_change(transaction, gateway, request.client_id, leaves_use=may_leave_use)
    shown = confirmed_preview(transaction, gateway, plan, request)
    with transaction() as session:
        replaced_id = restoration.scheduled_change(session, request.client_id)
    was_planned = withdrawal.withdraw_planned(transaction, gateway, request.client_id, staff_id=request.staff_id)
    try:
        with transaction() as session:
            change, is_new = record_intent(session, request, shown, replaced_id)
            if was_planned and replaced_id is None:
                change.preview = change.preview | {"dropped": True}
            change_id = change.id
    except PortalError:
        restoration.restore(transaction, gateway, request.client_id, replaced_id)
        raise
    if is_new:
        plan_change_steps.finish_change(transaction, gateway, change_id)
        restoration.finish_restored(transaction, gateway, request.client_id)
    return change_id


def confirmed_preview(
    transaction: Transaction, gateway: StripeGateway, plan: Planned, request: ChangeRequest
) -> Preview:
    """The confirmed preview, fetched again from Stripe. Raises Aged when it is too old or now differs."""
    moment = request.prorated_at
    if moment is None or not is_fresh(plan.present, moment):
        raise Aged(plan_change_quotes.quote(transaction, gateway, plan, request.timing))
    try:
        shown = plan_change_quotes.quote(transaction, gateway, plan, request.timing, moment)
    except RequestRefused:
        raise Aged(plan_change_quotes.quote(transaction, gateway, plan, request.timing)) from None
    if shown.seal != request.seal or shown.timing != request.timing:
        raise Aged(shown)
    return shown


def is_fresh(present: PresentPlan, prorated_at: datetime) -> bool:
    """Whether a preview of that moment is still valid: within LASTS of now and in the current period."""
    return abs(present.moment - prorated_at) <= LASTS and prorated_at >= present.period_started_at


def same_change(session: Session, request: ChangeRequest) -> PlanChange | None:
    """The change already made from the same preview on the same page, if any.

    A test clock stands still: the moment alone does not tell two previews apart, nor a second try from the first.
    """
    found = session.scalars(
        select(PlanChange)
        .where(
            PlanChange.client_id == request.client_id,
            PlanChange.to_plan_id == request.plan_id,
            PlanChange.timing == request.timing,
            PlanChange.prorated_at == request.prorated_at,
        )
        .order_by(PlanChange.id.desc())
    )
    return next((one for one in found if one.preview.get("confirmed") == confirmation_of(request)), None)


def confirmation_of(request: ChangeRequest) -> list[Json]:
    """What identifies the preview that a request confirms."""
    return [request.seal, request.token]


def record_intent(
    session: Session, request: ChangeRequest, shown: Preview, replaced_id: int | None = None
) -> tuple[PlanChange, bool]:
    """Record the change as intended, or return the same open change with False. Raises Conflict for a different one.

    It is planned again under the client's lock, since the subscription may have changed while Stripe was asked; Refusal
    when it did.
    """
    client = clients.lock_client(session, request.client_id)
    running = change_state.open_change(session, client.id)
    choice = shown.selection.to_json()
    if running is not None:
        if (running.to_plan_id, running.choice, running.timing) == (shown.plan.id, choice, shown.timing):
            return running, False
        raise Conflict("Another change is being made right now. Wait a moment, then look again.")
    plan = planned(session, client, request)
    if (tuple(plan.changes), plan.ends_trial) != (shown.changes, shown.ends_trial):
        raise Refusal("", "The subscription was changed meanwhile. Please look again.")
    change = PlanChange(
        client_id=client.id,
        processor_account_id=plan.present.account_id,
        stripe_subscription_id=plan.present.stripe_subscription_id,
        from_plan_id=plan.present.plan.id if plan.present.plan else None,
        to_plan_id=shown.plan.id,
        choice=choice,
        timing=shown.timing,
        state="intended",
        preview=shown.to_json()
        | {"missing_card": missing_card(session.get_one(Plan, shown.plan.id)), "confirmed": confirmation_of(request)}
        | {"replaced": replaced_id},
        prorated_at=shown.prorated_at,
        takes_effect_at=shown.takes_effect_at,
        staff_id=request.staff_id,
        created_at=clock.now(),
    )
    session.add(change)
    session.flush()
    change_state.record_change(session, change, "plan_move.asked", words_of(shown))
    return change, True


def words_of(shown: Preview) -> str:
    when = "" if shown.timing == "now" else " at the end of the period"
    return f"Asked for the change from {shown.from_words} to {shown.to_words}{when}"
