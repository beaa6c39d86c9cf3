"""Rehearses from the command line: starts a rehearsal, plays it unless a worker does, and tells how it goes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import select

from billingportal.domain.connection.processor_accounts import connected, gateway_of
from billingportal.domain.rehearsal import listing, rehearsals, runner
from billingportal.domain.rehearsal.rehearsals import UNDER_WAY, Wanted
from billingportal.domain.rehearsal.report import reports
from billingportal.errors import Refusal
from billingportal.models import Plan, Rehearsal
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal
from billingportal.runtime import worker
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.limits import BACKGROUND

PASSED, FAILED, NOT_PROVEN = 0, 1, 2
CODES = {"passed": PASSED, "failed": FAILED}
# Seconds between two looks at a rehearsal that a worker plays.
LOOK_EVERY = 1.0


def rehearse(
    portal: Portal, names: Sequence[str], *, is_quick: bool, file: Path | None, say: Callable[[str], None]
) -> int:
    """Rehearse the named plans to the end; the exit code. Raises Refusal, Conflict, StripeProblem and CannotOpen."""
    rehearsal_id, account_id, gateway = begin(portal, names, is_quick=is_quick)
    while is_under_way(rehearsal_id):
        runner.run_queued(full_transaction, gateway, account_id)
        if is_under_way(rehearsal_id):
            time.sleep(LOOK_EVERY)
    with full_transaction() as session:
        reports.write_report(session, portal.vault, rehearsal_id)
    return tell(rehearsal_id, file, say)


def begin(portal: Portal, names: Sequence[str], *, is_quick: bool) -> tuple[int, int, StripeGateway]:
    with full_transaction() as session:
        account = connected(session, "test")
        if account is None:
            raise Refusal("", "Connect a Stripe account in test mode first.")
        plans = session.scalars(select(Plan).where(Plan.state == "active")).all()
        unknown = [name for name in names if name not in {plan.name for plan in plans}]
        if unknown:
            raise Refusal("plan", f"There is no active plan {unknown[0]}.")
        wanted = Wanted([plan.id for plan in plans if plan.name in names], is_quick)
        # As the worker's: no limit for all calls together, and below Stripe's rate.
        opener = gateway_opener(
            portal.settings.stripe_api_base, calls_per_second=worker.CALLS_PER_SECOND, limits=BACKGROUND
        )
        gateway = gateway_of(account, portal.vault, opener)
        return rehearsals.start(session, account.id, wanted, staff_id=None).id, account.id, gateway


def is_under_way(rehearsal_id: int) -> bool:
    with full_transaction() as session:
        return session.get_one(Rehearsal, rehearsal_id).state in UNDER_WAY


def tell(rehearsal_id: int, file: Path | None, say: Callable[[str], None]) -> int:
    """Say what came of it, and write it down."""
    with full_transaction() as session:
        row = session.get_one(Rehearsal, rehearsal_id)
        for life in listing.lives_of(session, rehearsal_id):
            verdict = listing.WORDS.get(life.verdict or "", "Waiting")
            say(f"{verdict}: {listing.life_words(life)} {life.problem}".rstrip())
            for step in listing.steps_of(session, life.id):
                say(f"  {listing.step_words(step)}")
                for line in listing.differences_of(step):
                    say(f"    {line}")
        if file is not None and row.report is not None:
            file.write_text(row.report, encoding="utf-8")
        return CODES.get(row.verdict or "", NOT_PROVEN)
