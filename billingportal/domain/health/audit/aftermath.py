"""After the lists of an audit: the events that the inbox lacks, what each client may use, and what use is missing."""

import time
from datetime import datetime

from sqlalchemy import Select, func, select

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.entitlements import evaluation
from billingportal.domain.health.audit import lost_use
from billingportal.domain.health.audit.progress import go_to, locked_audit, place_of
from billingportal.domain.health.audit.work import Work
from billingportal.domain.metering import client_meters
from billingportal.domain.metering.ledger.totals import read_each
from billingportal.domain.sync import catch_up, reconciliation
from billingportal.models import CatchUp, ClientMeter, StripeAudit
from billingportal.stripe_gateway.gateway import StripeGateway

# Seconds between two looks at a pass that the worker has begun, and how often.
PAUSE, LOOKS = 1.0, 600
# Seconds of one part of the ledger.
SECONDS = 30


def replay_events(transaction: Transaction, gateway: StripeGateway, work: Work) -> None:
    """Read the events since the last complete pass, and apply them: Stripe keeps them for 30 days. Most of them are
    older than the rows are now. Raises a StripeProblem."""
    if work.is_dry_run or work.client_id is not None:
        return
    since = since_of(transaction, work)
    for _ in range(LOOKS):
        catch_up.run_pass(transaction, gateway, work.account_id)
        while reconciliation.reconcile_due(transaction, gateway, work.account_id):
            keep(transaction, work)
        if is_complete(transaction, work, since):
            return
        keep(transaction, work)
        time.sleep(PAUSE)


def since_of(transaction: Transaction, work: Work) -> datetime:
    """The audit's start, on Stripe's clock."""
    with transaction() as session:
        return place_of(session.get_one(StripeAudit, work.audit_id)).since or work.started_at


def is_complete(transaction: Transaction, work: Work, moment: datetime) -> bool:
    with transaction() as session:
        found = select(CatchUp.complete_up_to).where(CatchUp.processor_account_id == work.account_id)
        complete_up_to = session.scalar(found)
    return complete_up_to is None or complete_up_to >= moment - catch_up.OVERLAP


def keep(transaction: Transaction, work: Work) -> None:
    """Keep the audit for this process a little longer."""
    with transaction() as session:
        go_to(session, work.audit_id, place_of(locked_audit(session, work.audit_id)))


def work_out_clients(transaction: Transaction, gateway: StripeGateway, work: Work) -> None:
    """Evaluate the clients whose rows have changed; after a long gap ask for Stripe's totals of use as well.

    Raises a StripeProblem.
    """
    if work.is_dry_run:
        return
    evaluate_all(transaction, work)
    client_meters.follow_due(transaction)
    with transaction() as session:
        behind_since = place_of(session.get_one(StripeAudit, work.audit_id)).behind_since
        is_wanted = behind_since is not None and behind_since < work.started_at - lost_use.BEHIND
        ids = session.scalars(meters_of(work)).all() if is_wanted and work.client_id is None else []
    compared = 0
    if behind_since is None or not is_wanted:
        return
    while compared < len(ids):
        part = ids[compared:]
        compared += read_each(transaction, gateway, part, seconds=SECONDS, all_open=True).compared
        keep(transaction, work)
    with transaction() as session:
        lost_use.note_unknown(session, work.account_id, behind_since)


def evaluate_all(transaction: Transaction, work: Work) -> None:
    """Evaluate every client that is due, one transaction each."""
    moment = now()
    while True:
        with transaction() as session:
            client_ids = evaluation.due_clients(session, moment)
        for client_id in client_ids:
            with transaction() as session:
                evaluation.evaluate_due(session, client_id, moment)
        if len(client_ids) < evaluation.BATCH:
            return
        keep(transaction, work)


def meters_of(work: Work) -> Select[int]:
    """The newest row of each client and meter of the account: it stands for all of them."""
    return (
        select(func.max(ClientMeter.id))
        .where(ClientMeter.processor_account_id == work.account_id)
        .group_by(ClientMeter.client_id, ClientMeter.stripe_meter_id)
    )
