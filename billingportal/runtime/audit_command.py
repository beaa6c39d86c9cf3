"""The audits of `billingportal audit`: done in this process, whether or not a worker runs."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import count

from billingportal.db import db, transaction
from billingportal.domain.connection.processor_accounts import gateway_of, working_accounts
from billingportal.domain.health.audit import audits, runner
from billingportal.domain.health.audit.outcome.entries import Count
from billingportal.domain.health.audit.outcome.report import Report, entries_of, report_json, report_of
from billingportal.errors import Refusal
from billingportal.models import Client, ProcessorAccount, StripeAudit
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal
from billingportal.runtime.worker import CALLS_PER_SECOND
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import StripeUnreachable, TooManyRequests
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.limits import BACKGROUND
from billingportal.vault import CannotOpen

NO_ACCOUNT = "No Stripe account with a working key is connected."
BUSY = "Another process works on the audit of this account. It goes on by itself; look at Health."
# Seconds to wait for Stripe, longer each time.
PAUSES = (5, 15, 30, 60, 60, 60, 120, 120)


def run_audits(portal: Portal, client_id: int | None, *, is_dry_run: bool) -> list[Report]:
    """Audit each connected account, or the one of the client. Raises Refusal; StripeProblem when Stripe stays away."""
    opener = gateway_opener(portal.settings.stripe_api_base, calls_per_second=CALLS_PER_SECOND, limits=BACKGROUND)
    done = []
    for account_id in accounts(client_id):
        with transaction() as session:
            account = session.get_one(ProcessorAccount, account_id)
            try:
                gateway = gateway_of(account, portal.vault, opener)
            except CannotOpen as problem:
                raise Refusal("key", str(problem)) from None
            audit_id = audits.begin(session, account_id, client_id=client_id, is_dry_run=is_dry_run).id
        if not run_patiently(gateway, audit_id):
            raise Refusal("audit", BUSY)
        session = db.session()
        done.append(report_of(session, session.get_one(StripeAudit, audit_id, populate_existing=True)))
        session.rollback()
    return done


def accounts(client_id: int | None) -> list[int]:
    """The accounts to audit. Raises Refusal where there is none."""
    with transaction() as session:
        client = session.get(Client, client_id) if client_id is not None else None
        if client_id is not None and client is None:
            raise Refusal("client", f"There is no client {client_id}.")
        found = working_accounts(session, client.mode if client else None)
    if not found:
        raise Refusal("account", NO_ACCOUNT)
    return found


def run_patiently(gateway: StripeGateway, audit_id: int) -> bool:
    """Do the audit; where Stripe does not answer, wait and go on. False when another process works on it."""
    for attempt in count():
        try:
            return runner.run(full_transaction, gateway, audit_id)
        except (StripeUnreachable, TooManyRequests) as problem:
            if attempt == len(PAUSES):
                raise
            time.sleep(problem.retry_after_seconds or PAUSES[attempt])
    return False


def as_json(reports: Sequence[Report]) -> str:
    session = db.session()
    left = sum(not report.is_done for report in reports)
    return json.dumps({"audits": [report_json(session, report) for report in reports], "left": left}, indent=2)


def as_text(reports: Sequence[Report]) -> str:
    return "\n\n".join("\n".join(lines_of(report)) for report in reports)


def lines_of(report: Report) -> Iterator[str]:
    """One account's report: a table, then what differed, what could not be read, and which use is missing."""
    yield f"{report.account} ({report.mode}){', nothing was changed' if report.audit.is_dry_run else ''}"
    yield f"{'':34}{'read':>9}{'equal':>9}{'repaired':>9}{'reported':>9}"
    for words, number in report.rows.items():
        yield row_of(words, number)
    for entry in entries_of(db.session(), report.audit):
        whose = f" ({entry.client})" if entry.client else ""
        yield f"{entry.row.result}: {entry.row.object_type} {entry.row.stripe_object_id}{whose}: {entry.row.sentence}"
    if report.problem:
        yield f"not read: {report.problem}"
    if report.lost is not None:
        yield f"use: {report.lost.sentence}"
        for one in report.lost.at_stripe:
            yield f"use: {one.client}, {one.resource}, {one.day}: Stripe has {one.units} units that are unknown here"


def row_of(words: str, number: Count) -> str:
    figures = (number.read, number.equal, number.repaired, number.reported)
    return f"{words:34}" + "".join(f"{figure:>9}" for figure in figures)
