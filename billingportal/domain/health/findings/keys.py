"""Every key that a finding may have, with its severity. A finding with another key is refused."""

from billingportal.models.health.health_finding import Severity

SEVERITY: dict[str, Severity] = {
    # The secret key: without it nothing is sold, and no use is billed.
    "key.revoked": "money",
    "key.expired": "money",
    "key.unreadable": "money",
    "key.rights_missing": "access",
    "webhook.missing": "access",
    "webhook.disabled": "access",
    "webhook.events": "access",
    "webhook.version": "soon",
    "webhook.moved": "access",
    "webhook.duplicate": "soon",
    "webhook.signature": "access",
    "webhook.lag": "access",
    "webhook.silent": "access",
    "webhook.full": "note",
    # Reports about usage that Stripe rejected. While they do not arrive they are read every minute.
    "destination.missing": "soon",
    "destination.disabled": "soon",
    "destination.events": "soon",
    "destination.moved": "soon",
    "destination.duplicate": "soon",
    "destination.signature": "soon",
    "destination.behind": "money",
    "inbox.failed": "access",
    "inbox.waiting": "access",
    "catch_up.behind": "access",
    "price.drift": "money",
    "plan.unsellable": "soon",
    "meter.inactive": "money",
    "subscription.no_client": "money",
    "client.no_plan": "access",
    "client.two_subscriptions": "money",
    "client.customer_deleted": "money",
    "entitlement.differs": "access",
    "invoice.amount_differs": "money",
    "invoice.draft_old": "money",
    "invoice.finalization_failed": "money",
    "ledger.less": "money",
    "ledger.more": "money",
    "usage.rejected": "money",
    "usage.waiting": "soon",
    "usage.too_late": "money",
    "usage.recount_healed": "note",
    "pool.near": "soon",
    "outgoing.behind": "soon",
    "outgoing.off": "access",
    "mail.failing": "soon",
    "worker.gone": "access",
    "job.late": "soon",
    "job.failing": "soon",
    "database.size": "note",
    "disk.low": "soon",
    "backup.old": "soon",
    "backup.unknown": "note",
    "clock.skew": "access",
    "certificate.expires": "soon",
    "certificate.unreadable": "note",
    "api_key.expires": "soon",
    "rehearsal.changed_since": "soon",
    "rehearsal.red": "soon",
    "clocks.left_behind": "note",
}
# The worst first.
BY_WEIGHT: tuple[Severity, ...] = ("money", "access", "soon", "note")
# How many checks in a row have to see a finding before it is raised.
RAISED_AFTER: dict[Severity, int] = {"money": 1, "access": 1, "soon": 2, "note": 2}


def weight(severity: Severity) -> int:
    """The place of a severity, 0 for the worst."""
    return BY_WEIGHT.index(severity)
