"""Jobs that keep entitlements up to date."""

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.common import evaluation_queue
from billingportal.domain.entitlements import evaluation
from billingportal.domain.entitlements.outgoing import announcements
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal


def evaluate_clients(_: Portal) -> None:
    """Evaluate the entitlements of the clients that are due."""
    while True:
        moment = now()
        with full_transaction() as session:
            client_ids = evaluation.due_clients(session, moment)
        for client_id in client_ids:
            with full_transaction() as session:
                evaluation.evaluate_due(session, client_id, moment)
        if len(client_ids) < evaluation.BATCH:
            return


def evaluate_premature(_: Portal) -> None:
    """Mark the clients that were evaluated while the clock was ahead, so that they are evaluated again."""
    with full_transaction() as session:
        evaluation_queue.mark_premature(session, now())


def announce_changes(portal: Portal) -> None:
    """Write the outgoing webhooks of changed entitlements."""
    base_url = portal.settings.public_url or ""
    while True:
        with transaction() as session:
            client_ids = announcements.changed_clients(session)
        for client_id in client_ids:
            with transaction() as session:
                announcements.announce_change(session, client_id, base_url)
        if len(client_ids) < announcements.BATCH:
            return


JOBS = (Job(evaluate_clients, 0.5), Job(announce_changes, 0.5), Job(evaluate_premature, 30))
