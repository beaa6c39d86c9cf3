"""The checks of the Health page for the command line: run now, and nothing is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from billingportal.clock import now
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.health import agreement_text
from billingportal.domain.health.agreement import agreement
from billingportal.domain.health.doctor import Finding, FindingState
from billingportal.domain.health.findings.check import CannotCheck, Check, Surroundings
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.findings.finding import Found
from billingportal.domain.health.findings.keys import SEVERITY
from billingportal.domain.health.findings.machine.worker import heartbeat, worker_gone
from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.vault import CannotOpen

PAGE = "Open SaaS > Health."


def report(surroundings: Surroundings, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """Run every check of the connected modes, and say what each found."""
    with surroundings.reading() as session:
        modes = [mode for mode in MODES if connected(session, mode) is not None]
        gone, has_run = worker_gone(session, now()), heartbeat(session) is not None
    if gone is not None:
        # A new installation is examined before its worker has ever run.
        yield replace(as_finding(gone, None), state="fail" if has_run else "warn")
    for check in checks:
        if check.mode is None or check.mode in modes:
            yield from outcome(surroundings, check)
    for mode in modes:
        yield conclusion(surroundings, mode)


def outcome(surroundings: Surroundings, check: Check) -> Iterator[Finding]:
    what = check.title + mode_words(check.mode)
    try:
        result = check.run(surroundings)
    except (CannotCheck, StripeProblem, CannotOpen) as problem:
        yield Finding("warn", f"Unknown: {what}", str(problem))
        return
    if not result.found:
        yield Finding("ok", what)
    for one in result.found:
        yield as_finding(one, check.mode)


def as_finding(found: Found, mode: Mode | None) -> Finding:
    """What costs money or access fails."""
    state: FindingState = "fail" if SEVERITY[found.key] in ("money", "access") else "warn"
    return Finding(state, found.title + mode_words(mode), f"{found.meaning} {PAGE}")


def mode_words(mode: Mode | None) -> str:
    return f" ({mode})" if mode else ""


def conclusion(surroundings: Surroundings, mode: Mode) -> Finding:
    """What the Health page says, from the worker's last checks."""
    with surroundings.reading() as session:
        agreed = agreement(session, mode)
    words = f"{agreement_text.headline(agreed)}{mode_words(mode)}"
    return Finding("ok" if agreed.state == "green" else "warn", words, agreement_text.detail(agreed))
