"""Begins promotions and works on them, step by step. Any number of workers may do it, and end at any point.

What is to be asked is committed before Stripe is asked. A step that was asked before is searched for at Stripe first,
by our label, and asked again under the same idempotency key: so nothing is created twice.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.common.locks import CATALOG, take_turns
from billingportal.domain.go_live.promotion import creation
from billingportal.domain.go_live.promotion.links import link_plan
from billingportal.domain.go_live.promotion.planned_step import PlannedStep
from billingportal.errors import Conflict, Refusal
from billingportal.models import ProcessorAccount, Promotion, PromotionStep
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway

PAUSE = timedelta(seconds=30)
REFUSED = (RequestRefused, RightMissing, NotThere)
# Another worker asks for the same step at this moment (Stripe, "Idempotent requests").
IN_USE = "idempotency_key_in_use"


def begin_promotion(session: Session, account_id: int, steps: Sequence[PlannedStep], *, staff_id: int) -> Promotion:
    """Record what is to be created, as the dry run showed it. Raises Conflict while another promotion runs."""
    take_turns(session, CATALOG)
    if running(session, account_id) is not None:
        raise Conflict("Another creation is running. Wait until it has ended.")
    moment = now()
    promotion = Promotion(
        live_account_id=account_id, state="running", staff_id=staff_id, created_at=moment, try_at=moment
    )
    promotion.steps = [
        PromotionStep(
            position=place,
            kind=step.kind,
            subject=step.subject,
            title=step.title,
            detail=step.detail,
            request=step.request,
        )
        for place, step in enumerate(steps, 1)
    ]
    session.add(promotion)
    session.flush()
    words = f"Began to create {creation.counted_creations(steps)} in live mode"
    record(session, promotion, "promotion.began", words, ("promotion", promotion.id))
    return promotion


def running(session: Session, account_id: int) -> Promotion | None:
    return session.scalar(
        select(Promotion).where(Promotion.live_account_id == account_id, Promotion.state == "running")
    )


def accounts_with_work(session: Session) -> list[int]:
    """Ids of the connected live accounts with a promotion that goes on now."""
    found = (
        select(Promotion.live_account_id)
        .join(ProcessorAccount, ProcessorAccount.id == Promotion.live_account_id)
        .where(
            Promotion.state == "running",
            Promotion.try_at <= now(),
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
        )
    )
    return list(session.scalars(found))


def work(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Go on with the account's promotion to its end, or until Stripe does not answer. Raises StripeProblem then."""
    with transaction() as session:
        promotion = running(session, account_id)
        if promotion is None:
            return
        promotion_id = promotion.id
        waiting = [step.id for step in promotion.steps if step.state == "waiting"]
    for step_id in waiting:
        try:
            work_on_step(transaction, gateway, account_id, step_id)
        except StripeProblem as problem:
            with transaction() as session:
                postpone(session, promotion_id, step_id, problem)
            raise
    with transaction() as session:
        end_promotion(session, promotion_id)


def work_on_step(transaction: Transaction, gateway: StripeGateway, account_id: int, step_id: int) -> None:
    """Do one step. What Stripe refuses fails, and the other steps go on. Raises other StripeProblems."""
    with transaction() as session:
        step = session.get_one(PromotionStep, step_id)
        made = made_so_far(session, step.promotion_id)
        if step.kind == "link":
            do_links(session, step, account_id, made)
            return
        missing = creation.failed_before(step, made)
        if missing:
            fail(session, step, missing)
            return
        asked = creation.ask_for(step, made)
    try:
        object_id = creation.find_or_create(gateway, asked)
        creation.store(transaction, gateway, account_id, asked.kind, object_id)
    except REFUSED as problem:
        if problem.code == IN_USE:
            raise
        with transaction() as session:
            fail(session, session.get_one(PromotionStep, step_id), f"Stripe refused this: {problem.message}")
        return
    with transaction() as session:
        finish(session, session.get_one(PromotionStep, step_id, with_for_update=True), object_id)


def made_so_far(session: Session, promotion_id: int) -> dict[tuple[str, str], str]:
    """What this promotion has created, by kind and test object."""
    steps = session.scalars(select(PromotionStep).where(PromotionStep.promotion_id == promotion_id))
    return {(step.kind, step.subject): step.stripe_object_id for step in steps if step.stripe_object_id}


def do_links(session: Session, step: PromotionStep, account_id: int, made: Mapping[tuple[str, str], str]) -> None:
    prices = {subject: object_id for (kind, subject), object_id in made.items() if kind == "price"}
    staff_id = session.get_one(Promotion, step.promotion_id).staff_id
    try:
        with session.begin_nested():
            link_plan(session, step, account_id, prices, staff_id)
    except Refusal as refusal:
        fail(session, step, str(refusal))
        return
    step.state, step.ended_at = "done", now()


def finish(session: Session, step: PromotionStep, object_id: str) -> None:
    """Record the created object, once, in the audit log too."""
    if step.state == "done":
        return
    step.state, step.stripe_object_id, step.ended_at, step.problem = "done", object_id, now(), ""
    promotion = session.get_one(Promotion, step.promotion_id)
    words = f"Created the {step.kind} {object_id} in live mode, like {step.subject}"
    record(session, promotion, f"{step.kind}.created", words, (step.kind, object_id))


def fail(session: Session, step: PromotionStep, problem: str) -> None:
    step.state, step.problem, step.ended_at = "failed", problem, now()


def postpone(session: Session, promotion_id: int, step_id: int, problem: StripeProblem) -> None:
    """Go on later: Stripe did not answer."""
    moment = now()
    session.get_one(PromotionStep, step_id).failed_at = moment
    promotion = session.get_one(Promotion, promotion_id)
    promotion.problem, promotion.try_at = problem.message, moment + PAUSE


def continue_now(session: Session, promotion_id: int) -> None:
    """Have the worker go on at once."""
    promotion = session.get_one(Promotion, promotion_id)
    if promotion.state == "running":
        promotion.try_at = now()


def end_promotion(session: Session, promotion_id: int) -> None:
    promotion = session.get_one(Promotion, promotion_id, with_for_update=True)
    if promotion.state == "running" and all(step.state != "waiting" for step in promotion.steps):
        promotion.state, promotion.problem, promotion.ended_at = "ended", "", now()


def record(session: Session, promotion: Promotion, action: str, words: str, subject: audit.Subject) -> None:
    act = audit.Act(
        action,
        words,
        staff_id=promotion.staff_id,
        subject=subject,
        processor_account_id=promotion.live_account_id,
    )
    audit.record_act(session, act)
