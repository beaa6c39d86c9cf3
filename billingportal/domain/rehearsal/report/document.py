"""The content of a report: plain JSON of texts and whole numbers, from the rows of the rehearsal."""

import re
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from statistics import median_low
from typing import cast

from sqlalchemy.orm import Session

from billingportal.domain.rehearsal import listing
from billingportal.models import ProcessorAccount, Rehearsal, RehearsalLife, RehearsalStep
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.gateway import API_VERSION

FORMAT = "billingportal rehearsal report 1"
# A Stripe object's id by its beginning: the place of its page in Stripe's dashboard.
PAGES = {"cus": "customers", "sub": "subscriptions", "in": "invoices", "price": "prices", "clock": "test-clocks"}
ID = re.compile(rf"\b({'|'.join(PAGES)})_[A-Za-z0-9]+\b")
RESULTS = ("equal", "differs", "not_yet_equal", "left_out")
SHOWN = ("title", "expected", "seen", "result", "why", "meaning", "link")


def document_of(session: Session, rehearsal: Rehearsal) -> JsonObject:
    """The report of a rehearsal that has ended."""
    account = session.get_one(ProcessorAccount, rehearsal.processor_account_id)
    lives = listing.lives_of(session, rehearsal.id)
    steps = {life.id: listing.steps_of(session, life.id) for life in lives}
    every = [step for one in steps.values() for step in one]
    plan_ids = {str(life.plan_id) for life in lives}
    return {
        "format": FORMAT,
        "rehearsal": rehearsal.id,
        "account": {"id": account.stripe_account_id, "name": account.name, "mode": "test"},
        "stripe_api_version": API_VERSION,
        "portal_version": version("billingportal"),
        "state": rehearsal.state,
        "verdict": rehearsal.verdict,
        "quick": rehearsal.is_quick,
        "started_at": moment(rehearsal.started_at or rehearsal.created_at),
        "ended_at": moment(rehearsal.ended_at),
        "seconds": seconds(rehearsal.started_at, rehearsal.ended_at),
        "events": events_of(rehearsal, every),
        "counts": counts_of(every),
        "plans": {key: plan for key, plan in rehearsal.snapshot.items() if key in plan_ids},
        "lives": [life_json(life, steps[life.id]) for life in lives],
    }


def moment(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def seconds(start: datetime | None, end: datetime | None) -> int | None:
    return int((end - start).total_seconds()) if start is not None and end is not None else None


def life_json(life: RehearsalLife, steps: list[RehearsalStep]) -> JsonObject:
    found = dict.fromkeys(one for step in steps for one in stripe_ids([step.outcome, step.checks]))
    objects: list[Json] = [
        {"id": one, "link": f"https://dashboard.stripe.com/test/{PAGES[one.split('_')[0]]}/{one}"} for one in found
    ]
    return {
        "id": f"{life.plan_id}/{life.interval_count} {life.interval}/{life.currency}",
        "plan": life.plan.name,
        "plan_id": life.plan_id,
        "interval": life.interval,
        "interval_count": life.interval_count,
        "currency": life.currency,
        "attempt": life.attempt,
        "verdict": life.verdict,
        "problem": life.problem,
        "seconds": seconds(life.started_at, life.ended_at),
        "clock_deleted_at": moment(life.clock_deleted_at),
        "objects": objects,
        "steps": [step_json(step) for step in steps],
    }


def stripe_ids(value: Json) -> Iterator[str]:
    """Every id of a Stripe object that has a page in the dashboard."""
    if isinstance(value, str):
        yield from (found[0] for found in ID.finditer(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from stripe_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from stripe_ids(inner)


def step_json(step: RehearsalStep) -> JsonObject:
    rows: list[Json] = [
        {"id": str(number), **{name: str(row[name]) for name in SHOWN if row.get(name) is not None}}
        for number, row in enumerate(checks_of(step))
    ]
    return {
        "id": f"{step.position} {step.kind}",
        "title": step.title,
        "verdict": step.verdict,
        "reason": step.reason,
        "clock_at": moment(step.clock_at),
        "seconds": seconds(step.started_at, step.ended_at),
        "checks": rows,
    }


def checks_of(step: RehearsalStep) -> list[JsonObject]:
    return [row for row in step.checks if isinstance(row, dict)]


def counts_of(steps: list[RehearsalStep]) -> JsonObject:
    """How many compared rows came out how, and how many steps were left out."""
    results = [row.get("result") for step in steps for row in checks_of(step)]
    rows: JsonObject = {one: results.count(one) for one in RESULTS}
    return {**rows, "steps_left_out": sum(1 for step in steps if step.verdict == "left_out")}


def events_of(rehearsal: Rehearsal, steps: list[RehearsalStep]) -> JsonObject:
    """How events came. Times in milliseconds, from Stripe's event, which has whole seconds, to its arrival."""
    accounts = [found for step in steps if isinstance(found := step.outcome.get("events"), dict)]
    times = sorted(one for account in accounts for one in cast("list[int]", account.get("milliseconds") or []))
    return {
        "road": rehearsal.event_road,
        "listed": sum(cast(int, account.get("listed") or 0) for account in accounts),
        "by_webhook": sum(cast(int, account.get("by_webhook") or 0) for account in accounts),
        "median_milliseconds": median_low(times) if times else None,
        "slowest_milliseconds": times[-1] if times else None,
    }
