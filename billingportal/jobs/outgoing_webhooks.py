"""Jobs of outgoing webhooks."""

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import delivery, retention
from billingportal.domain.outgoing_webhooks.http.requests import Network
from billingportal.domain.outgoing_webhooks.http.resolution import resolve
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def deliver_messages(portal: Portal) -> None:
    """Send the messages that are due to the host platform."""
    network = Network(allows_private=portal.settings.allows_private_webhooks, resolve=resolve)
    delivery.deliver_due(transaction, portal.vault, network)


def switch_off_failing_endpoints(_: Portal) -> None:
    """Switch off the addresses that have taken nothing for three days."""
    with transaction() as session:
        delivery.switch_off_failing(session, now())


def prune_messages(_: Portal) -> None:
    """Delete messages past their retention time, in bites."""
    for drop in (retention.drop_old_messages, retention.drop_deleted_endpoints):
        has_more = True
        while has_more:
            with transaction() as session:
                has_more = drop(session, now())


JOBS = (Job(deliver_messages, 0.5), Job(switch_off_failing_endpoints, 60), Job(prune_messages, 600))
