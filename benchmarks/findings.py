"""Findings that stand, and the last run of every check, for the Health page."""

from datetime import timedelta

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.findings.keys import SEVERITY
from billingportal.models import HealthCheck, HealthFinding, JobRun

ACTION = {"label": "See this machine", "kind": "page", "name": "machine", "arguments": {}}


def add_findings(count: int) -> None:
    """Every check was finished just now, and found so many things in all."""
    moment, keys = now(), list(SEVERITY)
    with transaction() as session:
        session.add(JobRun(name="send_mails", reported_at=moment, failures_in_a_row=0, last_error=""))
        for check in CHECKS:
            due_at = moment + timedelta(days=1)
            times = {"as_of": moment, "started_at": moment, "ended_at": moment, "due_at": due_at}
            session.add(HealthCheck(name=check.name, state="finished", problem="", **times))
        for number in range(count):
            key = keys[number % len(keys)]
            session.add(
                HealthFinding(
                    key=key,
                    subject=f"client:{number}",
                    severity=SEVERITY[key],
                    title=f"Client {number} was charged $20.00 too much",
                    meaning="Invoice NW-0042 says $97.00. Growth with 12,000 contacts costs $77.00. Already paid.",
                    action=ACTION,
                    seen_in_a_row=2,
                    times_raised=1,
                    first_seen_at=moment,
                    last_seen_at=moment,
                    raised_at=moment,
                )
            )
