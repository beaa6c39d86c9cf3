"""The pages that a finding's button may lead to, by the names that the domain uses."""

from collections.abc import Callable
from typing import cast

from flask import url_for

from billingportal.models import HealthFinding

PAGES = {
    "adoption": "adoption.index",
    "client": "clients.show",
    "invoice": "client_invoices.show",
    "ledger.day": "ledger.show",
    "plan": "plans.edit",
    "rehearsal": "rehearsals.show",
    "rehearsals": "rehearsals.index",
    "usage": "usage.index",
    "usage.resource": "usage.show",
    "api_keys": "api_keys.index",
    "events": "events.index",
    "machine": "machine.show",
    "mail": "mail_settings.edit",
    "outgoing_webhook": "outgoing_webhooks.show",
    "outgoing_webhooks": "outgoing_webhooks.index",
    "processor": "processor.show",
    "processor.key": "processor.edit",
}


def action_url(finding: HealthFinding) -> str | None:
    """Where the finding's button leads; None for a repair, which is posted."""
    action, address_of = finding.action, cast(Callable[..., str], url_for)
    arguments = action.get("arguments")
    if action.get("kind") != "page" or not isinstance(arguments, dict):
        return None
    return address_of(PAGES[str(action["name"])], **arguments)
