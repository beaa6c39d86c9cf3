"""Starts and cancels rehearsals, and finds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.offers import offers
from billingportal.domain.rehearsal.promises import choices_for_sale, promise_of
from billingportal.domain.rehearsal.report.plan_snapshots import snapshot_of
from billingportal.domain.rehearsal.scenario import Planned, life_of, steps_of
from billingportal.errors import Conflict, Refusal
from billingportal.models import Plan, ProcessorAccount, Rehearsal, RehearsalLife, RehearsalStep
from billingportal.models.rehearsal.rehearsal import RehearsalState
from billingportal.plain_json import Json, JsonObject

UNDER_WAY: tuple[RehearsalState, ...] = ("queued", "running", "canceling")


@dataclass(frozen=True)
class Wanted:
    """What to rehearse: all plans for sale where none is named. `uses`: amounts to try, by resource key.

    `coupon`: the id of a coupon that the first client of each life subscribes with.
    """

    plan_ids: Sequence[int] = ()
    is_quick: bool = False
    uses: Mapping[str, Sequence[int]] = field(default_factory=dict)
    coupon: str | None = None

    def to_json(self) -> JsonObject:
        ids: list[Json] = [*self.plan_ids]
        uses: dict[str, Json] = {key: [*numbers] for key, numbers in self.uses.items()}
        return {"plans": ids, "quick": self.is_quick, "uses": uses, "coupon": self.coupon}


def start(session: Session, account_id: int, wanted: Wanted, *, staff_id: int | None) -> Rehearsal:
    """Queue a rehearsal of an account in test mode, with all its lives and steps.

    Raises Refusal without a connected test account or plans for sale, and Conflict while another one runs.
    """
    account = session.get_one(ProcessorAccount, account_id, with_for_update=True)
    if account.mode != "test" or account.state != "connected":
        raise Refusal("", "Connect a Stripe account in test mode first.")
    if under_way(session, account_id) is not None:
        raise Conflict("A rehearsal is under way already. Wait for its end, or cancel it.")
    plans = plans_to_rehearse(session, wanted.plan_ids)
    row = Rehearsal(
        processor_account_id=account_id,
        state="queued",
        is_quick=wanted.is_quick,
        choices=replace(wanted, plan_ids=[plan.id for plan in plans]).to_json(),
        snapshot=snapshot_of(session, account_id),
        staff_id=staff_id,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    for plan in plans:
        for choice in choices_for_sale(session, plan):
            for currency in choice.currencies:
                add_life(session, row, plan, choice.period, currency, wanted)
    names = ", ".join(plan.name for plan in plans)
    audit.record_act(session, audit.Act("rehearsal.started", f"Started a rehearsal of {names}", staff_id=staff_id))
    return row


def plans_to_rehearse(session: Session, plan_ids: Sequence[int]) -> list[Plan]:
    """Raises Refusal for a plan without prices that can be sold, and where there is none."""
    query = select(Plan).where(Plan.state == "active").order_by(Plan.position, Plan.id)
    found = [plan for plan in session.scalars(query) if not plan_ids or plan.id in plan_ids]
    for plan in found:
        offer = offers.offer(session, plan, "test")
        if plan_ids and not offer.choices:
            reason = offer.reasons[0] if offer.reasons else "It has no price in test mode."
            raise Refusal("plan", f"{plan.name} cannot be rehearsed. {reason}")
    chosen = [plan for plan in found if choices_for_sale(session, plan)]
    if not chosen:
        raise Refusal("plan", "No plan with a price is for sale in test mode.")
    return chosen


def add_life(
    session: Session,
    rehearsal: Rehearsal,
    plan: Plan,
    period: tuple[str, int],
    currency: str,
    wanted: Wanted,
    attempt: int = 1,
) -> RehearsalLife:
    life = RehearsalLife(
        rehearsal_id=rehearsal.id,
        plan_id=plan.id,
        interval=period[0],
        interval_count=period[1],
        currency=currency,
        attempt=attempt,
        state="waiting",
    )
    session.add(life)
    session.flush()
    promise = promise_of(session, plan.id, period, currency)
    planned = life_of(session, promise, wanted.uses, wanted.coupon, is_quick=wanted.is_quick)
    for position, step in enumerate(steps_of(planned)):
        session.add(new_step(life, position, step))
    session.flush()
    return life


def new_step(life: RehearsalLife, position: int, planned: Planned) -> RehearsalStep:
    is_out = bool(planned.reason)
    return RehearsalStep(
        rehearsal_life_id=life.id,
        position=position,
        kind=planned.kind,
        title=planned.title,
        state="ended" if is_out else "waiting",
        verdict="left_out" if is_out else None,
        reason=planned.reason,
        idempotency_key=f"rehearsal-{life.rehearsal_id}-{life.id}-{position}-{int(now().timestamp())}",
        intent=planned.intent,
        outcome={},
        checks=[],
    )


def under_way(session: Session, account_id: int) -> Rehearsal | None:
    """The account's rehearsal that has not ended."""
    return session.scalar(
        select(Rehearsal).where(Rehearsal.processor_account_id == account_id, Rehearsal.state.in_(UNDER_WAY))
    )


def cancel(session: Session, rehearsal_id: int, *, staff_id: int | None) -> None:
    """Have a rehearsal end: the worker deletes its clocks. One that has ended already stays as it is."""
    row = session.get_one(Rehearsal, rehearsal_id, with_for_update=True)
    if row.state in ("queued", "running"):
        row.state = "canceling"
        audit.record_act(session, audit.Act("rehearsal.canceled", "Canceled the rehearsal", staff_id=staff_id))


def wanted_of(rehearsal: Rehearsal) -> Wanted:
    """The stored choices."""
    ids, uses = rehearsal.choices.get("plans"), rehearsal.choices.get("uses")
    coupon = rehearsal.choices.get("coupon")
    return Wanted(
        cast("list[int]", ids or []),
        rehearsal.is_quick,
        cast("dict[str, list[int]]", uses or {}),
        coupon if isinstance(coupon, str) else None,
    )
