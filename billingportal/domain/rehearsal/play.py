"""Plays one life: each step's intent is written first, then Stripe is asked, then its outcome, then the comparison."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.rehearsal import rehearsals
from billingportal.domain.rehearsal.absorption import absorb
from billingportal.domain.rehearsal.comparison import check, ends_life, excused, verdict_of
from billingportal.domain.rehearsal.event_rows import events_row
from billingportal.domain.rehearsal.stage import ClockFailed, LeftOut, Scene, Stage
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.kinds import KINDS
from billingportal.errors import Conflict, Refusal
from billingportal.models import Rehearsal, RehearsalLife, RehearsalStep, TestClock
from billingportal.models.rehearsal.rehearsal import Verdict
from billingportal.models.rehearsal.rehearsal_step import StepVerdict
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject

# Stripe keeps idempotency keys for a day: an unanswered request that is older may not be sent again.
KEYS_KEPT = timedelta(hours=23)

# What reading an unexpected object or row may raise. It ends a life, and not the worker's patience with the others.
UNREADABLE = (UnreadableObject, LookupError, ValueError, TypeError, ArithmeticError)


class TooOld(ClockFailed):
    """The life cannot be resumed: it starts anew on another clock."""


def play_life(stage: Stage) -> None:
    """Play the steps that have not ended, in their order. Raises Stopped and StripeProblem: then it goes on later."""
    with stage.transaction() as session:
        life = session.get_one(RehearsalLife, stage.life_id)
        life.state, life.started_at = "running", life.started_at or now()
    try:
        while (step_id := next_step(stage)) is not None:
            stage.look()
            play_step(with_road(stage), step_id)
    except TooOld:
        begin_anew(stage)
        return
    except ClockFailed as failure:
        give_up(stage, str(failure), "not_provable")
        return
    with stage.transaction() as session:
        life = session.get_one(RehearsalLife, stage.life_id)
        life.verdict, life.state = life_verdict(steps_of(session, life.id)), "cleaning"


def with_road(stage: Stage) -> Stage:
    with stage.transaction() as session:
        life = session.get_one(RehearsalLife, stage.life_id)
        return replace(stage, road=session.get_one(Rehearsal, life.rehearsal_id).event_road)


def steps_of(session: Session, life_id: int) -> list[RehearsalStep]:
    query = select(RehearsalStep).where(RehearsalStep.rehearsal_life_id == life_id).order_by(RehearsalStep.position)
    return list(session.scalars(query))


def next_step(stage: Stage) -> int | None:
    with stage.transaction() as session:
        return next((one.id for one in steps_of(session, stage.life_id) if one.state != "ended"), None)


def life_verdict(steps: list[RehearsalStep]) -> Verdict:
    verdicts = {one.verdict for one in steps}
    if "failed" in verdicts:
        return "failed"
    return "not_provable" if "not_provable" in verdicts else "passed"


def play_step(stage: Stage, step_id: int) -> None:
    """Play one step from where it stands. A refusal ends the life: later steps need what it would have made."""
    scene = scene_of(stage, step_id)
    kind = KINDS[scene.kind]
    try:
        if state_of(stage, step_id) == "waiting":
            scene = intend(scene, kind)
        if state_of(stage, step_id) == "intended":
            refuse_old(scene)
            scene = perform(scene, kind)
        compare(scene, kind)
    except LeftOut as reason:
        end_step(stage, step_id, [], "left_out", str(reason))
    except (Refusal, Conflict, RequestRefused, NotThere, RightMissing) as problem:
        words = getattr(problem, "message", str(problem))
        why = "Stripe or the portal refused what a client would do here."
        row = check(
            "refused", scene_title(stage, step_id), "done", words, why=why, meaning="A client could not do this."
        )
        end_step(stage, step_id, [row], "failed", "")
        leave_out_rest(stage, "An earlier step could not be done.")
    except UNREADABLE as error:
        words = f"The portal could not read what it found ({type(error).__name__}: {error})."[:500]
        end_step(stage, step_id, [], "not_provable", words)
        leave_out_rest(stage, "An earlier step could not be done.")
    except ClockFailed as failure:
        end_step(stage, step_id, [], "not_provable", str(failure))
        raise


def scene_of(stage: Stage, step_id: int) -> Scene:
    with stage.transaction() as session:
        memory: JsonObject = {}
        for one in steps_of(session, stage.life_id):
            memory |= one.outcome
            if one.id == step_id:
                break
        started_at = one.started_at or now()
        return Scene(stage, step_id, one.kind, one.idempotency_key, dict(one.intent), memory, started_at)


def state_of(stage: Stage, step_id: int) -> str:
    with stage.transaction() as session:
        return session.get_one(RehearsalStep, step_id).state


def scene_title(stage: Stage, step_id: int) -> str:
    with stage.transaction() as session:
        return session.get_one(RehearsalStep, step_id).title


def intend(scene: Scene, kind: Kind) -> Scene:
    intent = {**scene.intent, **kind.prepare(scene)}
    with scene.stage.transaction() as session:
        row = session.get_one(RehearsalStep, scene.step_id)
        row.intent, row.state, row.started_at = intent, "intended", now()
        return replace(scene, intent=intent, started_at=row.started_at)


def refuse_old(scene: Scene) -> None:
    if scene.started_at < now() - KEYS_KEPT:
        raise TooOld("The rehearsal stood still for longer than Stripe knows its requests.")


def perform(scene: Scene, kind: Kind) -> Scene:
    outcome = kind.perform(scene)
    with scene.stage.transaction() as session:
        row = session.get_one(RehearsalStep, scene.step_id)
        row.outcome, row.state = outcome, "done"
    return replace(scene, memory={**scene.memory, **outcome})


def compare(scene: Scene, kind: Kind) -> None:
    """Have the portal take in what happened, and compare. The step has ended then."""
    stage = scene.stage
    rows: list[JsonObject] = []
    if kind.has_events:
        account = absorb(stage, scene.started_at, kind.events)
        if stage.road is None:
            stage = find_road(stage, account)
            scene = replace(scene, stage=stage)
        rows.append(events_row(stage, account))
        with stage.transaction() as session:
            row = session.get_one(RehearsalStep, scene.step_id)
            row.outcome = {**row.outcome, "events": account}
    rows += kind.check(scene)
    with stage.transaction() as session:
        earlier = [one for step in steps_of(session, stage.life_id) if step.id != scene.step_id for one in step.checks]
    rows = excused(rows, earlier)
    end_step(stage, scene.step_id, rows, verdict_of(rows), "")
    if (title := ends_life(rows)) is not None:
        reason = f"{title} differs at an earlier step, so nothing after it can be compared."
        leave_out_rest(stage, reason, "not_provable")


def find_road(stage: Stage, account: JsonObject) -> Stage:
    """By the first event of the rehearsal: whether Stripe reaches the portal by its webhook."""
    with stage.transaction() as session:
        life = session.get_one(RehearsalLife, stage.life_id)
        rehearsal = session.get_one(Rehearsal, life.rehearsal_id)
        rehearsal.event_road = "webhook" if account.get("by_webhook") else "catch_up"
        return replace(stage, road=rehearsal.event_road)


def end_step(stage: Stage, step_id: int, rows: list[JsonObject], verdict: StepVerdict, reason: str) -> None:
    checks: list[Json] = [*rows]
    with stage.transaction() as session:
        row = session.get_one(RehearsalStep, step_id)
        row.checks, row.verdict, row.reason, row.state = checks, verdict, reason, "ended"
        row.started_at, row.ended_at = row.started_at or now(), now()
        row.clock_at = clock_time(session, stage)


def clock_time(session: Session, stage: Stage) -> datetime | None:
    life = session.get_one(RehearsalLife, stage.life_id)
    found: datetime | None = session.scalar(
        select(TestClock.frozen_at).where(
            TestClock.processor_account_id == stage.account_id,
            TestClock.stripe_test_clock_id == life.stripe_test_clock_id,
        )
    )
    return found


def leave_out_rest(stage: Stage, reason: str, verdict: StepVerdict = "left_out") -> None:
    with stage.transaction() as session:
        for row in steps_of(session, stage.life_id):
            if row.state != "ended" and row.kind != "events":
                row.state, row.verdict, row.reason = "ended", verdict, reason


def give_up(stage: Stage, problem: str, verdict: Verdict) -> None:
    """End a life that cannot go on; the others do."""
    leave_out_rest(stage, problem)
    with stage.transaction() as session:
        for row in steps_of(session, stage.life_id):
            if row.state != "ended":
                row.state, row.verdict, row.reason = "ended", "left_out", problem
        life = session.get_one(RehearsalLife, stage.life_id)
        found = life_verdict(steps_of(session, life.id))
        life.problem, life.verdict, life.state = problem, "failed" if found == "failed" else verdict, "cleaning"


def begin_anew(stage: Stage) -> None:
    """Leave a life that cannot be resumed, and begin another one of the same plan on another clock."""
    with stage.transaction() as session:
        life = session.get_one(RehearsalLife, stage.life_id)
        rehearsal = session.get_one(Rehearsal, life.rehearsal_id)
        life.state, life.problem = "cleaning", "It could not be resumed, and was begun anew on another clock."
        rehearsals.add_life(
            session,
            rehearsal,
            life.plan,
            (life.interval, life.interval_count),
            life.currency,
            rehearsals.wanted_of(rehearsal),
            life.attempt + 1,
        )
