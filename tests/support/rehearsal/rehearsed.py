"""A rehearsal in the sandbox, started and run as the command line does."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select

from billingportal.db import db
from billingportal.domain.connection.processor_accounts import gateway_of
from billingportal.domain.rehearsal import rehearsals, runner
from billingportal.domain.rehearsal.rehearsals import Wanted
from billingportal.domain.rehearsal.stage import Patience
from billingportal.models import Rehearsal, RehearsalLife, RehearsalStep
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import current_portal
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.limits import BACKGROUND
from tests.support.people.clients import connection
from tests.support.stripe.portals import NOWHERE

# The sandbox answers at once.
BRIEF = Patience(events=3, meters=3, clock=20, longest_pause=0.2)


@dataclass(frozen=True)
class Played:
    """One step as it ended."""

    life: str
    kind: str
    title: str
    verdict: str | None
    reason: str
    checks: list[dict[str, Any]]

    def odd(self) -> list[str]:
        """Its rows that are neither equal nor left out."""
        return [
            f"{self.title}: {row['key']}: {row['title']}: "
            f"expected {row['expected']!r}, seen {row['seen']!r} ({row['result']})"
            for row in self.checks
            if row["result"] not in ("equal", "left_out")
        ]


def start(
    *plan_ids: int, is_quick: bool = False, only: Collection[tuple[str, str]] | None = None, coupon: str | None = None
) -> int:
    """Queue one; its id. `only`: the lives of these intervals and currencies."""
    account, _ = connection()
    with full_transaction() as session:
        made = rehearsals.start(session, account.id, Wanted(plan_ids, is_quick, coupon=coupon), staff_id=None)
        if current_portal().settings.public_url == NOWHERE:
            made.event_road = "catch_up"  # which the rehearsal would find out by waiting
        for life in session.scalars(select(RehearsalLife).where(RehearsalLife.rehearsal_id == made.id)):
            if only is not None and (life.interval, life.currency) not in only:
                life.state, life.verdict = "ended", "not_provable"
        return made.id


def run(patience: Patience = BRIEF) -> None:
    """Play what is queued, as the worker does, but without its limit of calls a second."""
    account, _ = connection()
    portal = current_portal()
    opener = gateway_opener(portal.settings.stripe_api_base, limits=BACKGROUND)
    runner.run_queued(full_transaction, gateway_of(account, portal.vault, opener), account.id, patience)


def cancel(rehearsal_id: int) -> None:
    with full_transaction() as session:
        rehearsals.cancel(session, rehearsal_id, staff_id=None)


def rehearse(*plan_ids: int, is_quick: bool = False, patience: Patience = BRIEF) -> Rehearsal:
    """Start and run one; its row."""
    rehearsal_id = start(*plan_ids, is_quick=is_quick)
    run(patience)
    return db.session().get_one(Rehearsal, rehearsal_id, populate_existing=True)


def played(rehearsal_id: int) -> list[Played]:
    session = db.session()
    session.rollback()
    rows = session.execute(
        select(RehearsalLife, RehearsalStep)
        .join(RehearsalStep, RehearsalStep.rehearsal_life_id == RehearsalLife.id)
        .where(RehearsalLife.rehearsal_id == rehearsal_id, RehearsalLife.started_at.is_not(None))
        .order_by(RehearsalLife.id, RehearsalStep.position)
    )
    return [
        Played(
            f"{life.plan.name} {life.interval} {life.currency}",
            step.kind,
            step.title,
            step.verdict,
            step.reason,
            cast(Any, step.checks),
        )
        for life, step in rows
    ]
