"""Updates a client's plan change from the stored state of its subscription."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit
from billingportal.domain.common.dates import day
from billingportal.domain.subscriptions import client_clock
from billingportal.models import Client, PlanChange, PriceMoveClient, Subscription, SubscriptionSchedule
from billingportal.models.plan_changes.plan_change import ChangeState
from billingportal.plain_json import JsonObject

OPEN_STATES: tuple[ChangeState, ...] = ("intended", "waiting", "scheduled")
ENDED_STATES = ("canceled", "incomplete_expired")
OVER = ("released", "canceled", "completed")
UNPAID = "It was not paid in time."
# What the preview of a scheduled change says about its schedule, or about the change that it replaced.
OF_ITS_SCHEDULE = ("terms", "revision", "replaced")


def open_change(session: Session, client_id: int) -> PlanChange | None:
    """The client's open change; there is at most one."""
    return session.scalar(
        select(PlanChange).where(PlanChange.client_id == client_id, PlanChange.state.in_(OPEN_STATES))
    )


def price_move_of(session: Session, change: PlanChange) -> PriceMoveClient | None:
    """The row by which staff move the client to a new price of its plan, where the change is of this kind."""
    return session.scalar(select(PriceMoveClient).where(PriceMoveClient.plan_change_id == change.id))


def follow_change(session: Session, client: Client) -> None:
    """Update the client's open change from its stored subscription, in the caller's transaction.

    The webhook, the response to our request and the worker all end here, in any order.
    """
    move = open_change(session, client.id)
    subscription = subscription_of(session, move) if move else None
    if move is None or subscription is None:
        return
    if subscription.status in ENDED_STATES:
        end_change(session, move, "canceled", "The subscription ended first.")
    elif is_made(subscription, move):
        end_change(session, move, "done")
    elif move.state == "scheduled":
        follow_schedule(session, client, move)
    elif subscription.pending_update_expires_at is not None:
        move.state = "waiting"
    elif move.state == "waiting":
        end_change(session, move, "declined", move.problem or UNPAID)


def subscription_of(session: Session, move: PlanChange) -> Subscription | None:
    return session.scalar(
        select(Subscription)
        .where(
            Subscription.processor_account_id == move.processor_account_id,
            Subscription.stripe_subscription_id == move.stripe_subscription_id,
        )
        .execution_options(populate_existing=True)
    )


def is_made(subscription: Subscription, move: PlanChange) -> bool:
    """Whether the subscription has every item of the change, and no item that it removes."""
    wanted = cast(Mapping[str, int | None], move.preview.get("items") or {})
    changes = cast(list[JsonObject], move.preview.get("changes") or [])
    removed = {change["stripe_subscription_item_id"] for change in changes if change["is_removed"]}
    held = {item.stripe_price_id: item.quantity for item in subscription.items}
    ids = {item.stripe_subscription_item_id for item in subscription.items}
    has_all = all(price in held and held[price] == number for price, number in wanted.items())
    return bool(wanted) and has_all and ids.isdisjoint(removed)


def follow_schedule(session: Session, client: Client, move: PlanChange) -> None:
    """Cancel the change when its schedule was ended in Stripe before the change took effect."""
    schedule = session.scalar(
        select(SubscriptionSchedule)
        .where(
            SubscriptionSchedule.processor_account_id == move.processor_account_id,
            SubscriptionSchedule.stripe_schedule_id == move.stripe_schedule_id,
        )
        .execution_options(populate_existing=True)
    )
    if schedule is None or schedule.status not in OVER:
        return
    due = move.takes_effect_at
    if due is None or client_clock.moment_of(session, client) < due:
        end_change(session, move, "canceled")


def end_change(session: Session, move: PlanChange, state: ChangeState, problem: str = "") -> None:
    """End the change in this state and record it. The planned change that it was to replace is planned again if the
    change was not made."""
    move.state, move.problem, move.ended_at = state, problem, clock.now()
    record_change(session, move, f"plan_move.{state}", change_words(move), actor_is_sync=True)
    replaced_id = move.preview.get("replaced")
    if state in ("declined", "failed") and isinstance(replaced_id, int):
        session.flush()
        restore_change(session, session.get_one(PlanChange, replaced_id))


def restore_change(session: Session, change: PlanChange) -> PlanChange | None:
    """Intend a withdrawn change for the same day again; None where that cannot be. The caller or the worker sends it.

    A price move goes on with it.
    """
    client, subscription = session.get_one(Client, change.client_id), subscription_of(session, change)
    is_over = subscription is None or subscription.status in ENDED_STATES
    due = change.takes_effect_at
    if is_over or due is None or due <= client_clock.moment_of(session, client) or open_change(session, client.id):
        return None
    kept = {name: value for name, value in change.preview.items() if name not in OF_ITS_SCHEDULE}
    again = PlanChange(
        client_id=change.client_id,
        processor_account_id=change.processor_account_id,
        stripe_subscription_id=change.stripe_subscription_id,
        from_plan_id=change.from_plan_id,
        to_plan_id=change.to_plan_id,
        choice=change.choice,
        timing=change.timing,
        state="intended",
        preview=kept | {"restored": change.id},
        prorated_at=change.prorated_at,
        takes_effect_at=due,
        staff_id=change.staff_id,
        created_at=clock.now(),
    )
    session.add(again)
    session.flush()
    row = price_move_of(session, change)
    if row is not None:
        row.plan_change_id, row.state, row.problem = again.id, "intended", ""
    words = f"Planned the change to {change.to_plan.name} for {day(due)} again"
    record_change(session, again, "plan_move.asked", words, actor_is_sync=True)
    return again


def change_words(move: PlanChange) -> str:
    """The state of a change in one sentence."""
    plan = move.to_plan.name
    when = f" for {day(move.takes_effect_at)}" if move.takes_effect_at else ""
    told: dict[ChangeState, str] = {
        "intended": f"Asked Stripe for the change to {plan}",
        "waiting": f"The change to {plan} waits for its payment",
        "scheduled": f"The change to {plan} is scheduled{when}",
        "done": f"Changed to {plan}",
        "declined": f"The change to {plan} was not paid for. {move.problem}",
        "canceled": f"The change to {plan} was called off. {move.problem}",
        "failed": f"The change to {plan} failed. {move.problem}",
    }
    return told[move.state].strip()


def record_change(session: Session, move: PlanChange, action: str, said: str, *, actor_is_sync: bool = False) -> None:
    """Write an audit entry. The actor is sync, or the staff or client who asked."""
    audit.record_act(
        session,
        audit.Act(
            action,
            said,
            staff_id=None if actor_is_sync else move.staff_id,
            actor="sync" if actor_is_sync else "staff" if move.staff_id else "client",
            subject=("client", move.client_id),
            processor_account_id=move.processor_account_id,
            details={"plan_move": move.id},
        ),
    )
