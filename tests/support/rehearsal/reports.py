"""A rehearsal of one plan that has ended, written by hand, and its report."""

from typing import Any

from billingportal.clock import now
from billingportal.db import db
from billingportal.domain.rehearsal.report import reports
from billingportal.domain.rehearsal.report.plan_snapshots import snapshot_of
from billingportal.models import Rehearsal
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import current_portal
from tests.support.rehearsal.rows import add_life, add_rehearsal, add_step, compared


def add_ended(account_id: int, plan_id: int, *, fails: bool = False, **given: Any) -> int:
    """A rehearsal with three steps; the first invoice differs if it fails. Its id."""
    verdict = "failed" if fails else "passed"
    with full_transaction() as session:
        made = {"snapshot": snapshot_of(session, account_id), "ended_at": now(), "event_road": "webhook", **given}
        rehearsal = add_rehearsal(session, account_id, **{"state": "finished", "verdict": verdict, **made})
        life = add_life(
            session, rehearsal, plan_id, state="ended", verdict=verdict, started_at=now(), ended_at=now(),
            clock_deleted_at=now(),
        )  # fmt: skip
        events = {"listed": 3, "by_webhook": 3, "missing": [], "not_made": [], "milliseconds": [800, 700, 3100]}
        add_step(
            session, life, 0, "Subscribe", checks=[compared("Plan in force", "Growth")],
            outcome={"buyer.customer": "cus_TQ8r1nKxP2", "buyer.subscription": "sub_1SX4kwLm9a", "events": events},
        )  # fmt: skip
        rows = [compared("Plan", "1 × $49.00 = $49.00"), compared("Tax", "$0.00")]
        if fails:
            link = "https://dashboard.stripe.com/test/invoices/in_1SX4m2Lm77"
            why, meaning = "The price at Stripe is Volume.", "A client would pay $20.00 more than promised."
            rows.append(compared("Total of the invoice", "$77.00", "$97.00", why=why, meaning=meaning, link=link))
        step = "failed" if fails else "passed"
        add_step(session, life, 1, "First invoice", kind="first_invoice", verdict=step, checks=rows)
        add_step(
            session, life, 2, "Trial card rule", kind="trial_end", verdict="left_out", reason="The plan has no trial."
        )
        return rehearsal.id


def sign(rehearsal_id: int) -> str:
    """The file of its report."""
    with full_transaction() as session:
        reports.write_report(session, current_portal().vault, rehearsal_id)
    session = db.session()
    session.rollback()
    text = session.get_one(Rehearsal, rehearsal_id).report
    assert text is not None
    return text
