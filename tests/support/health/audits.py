"""Audits of the connected account, for tests."""

from sqlalchemy import select

from billingportal.db import transaction
from billingportal.domain.health.audit import audits, runner
from billingportal.domain.health.audit.outcome.entries import Count, counts_of
from billingportal.models import StripeAudit, StripeAuditEntry
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.limits import BACKGROUND
from tests.support.stripe.worlds import World


def begin_audit(world: World, *, client_id: int | None = None, is_dry_run: bool = False) -> int:
    account_id = world.row().id
    with transaction() as session:
        return audits.begin(session, account_id, client_id=client_id, is_dry_run=is_dry_run).id


def audit(world: World, *, client_id: int | None = None, is_dry_run: bool = False) -> StripeAudit:
    """One audit from its start to its end."""
    audit_id = begin_audit(world, client_id=client_id, is_dry_run=is_dry_run)
    run_audit(world, audit_id)
    return read_audit(world, audit_id)


def run_audit(world: World, audit_id: int) -> bool:
    """As the worker does: nobody waits for Stripe's answers."""
    open_gateway = gateway_opener(world.sandbox.url, limits=BACKGROUND)
    return runner.run(full_transaction, open_gateway(world.stripe_account.test_key), audit_id)


def read_audit(world: World, audit_id: int) -> StripeAudit:
    return world.session.get_one(StripeAudit, audit_id, populate_existing=True)


def counts(world: World, found: StripeAudit) -> dict[str, Count]:
    return counts_of(world.session, found)


def entries(world: World, found: StripeAudit) -> list[StripeAuditEntry]:
    wanted = select(StripeAuditEntry).where(StripeAuditEntry.stripe_audit_id == found.id)
    return list(world.session.scalars(wanted.order_by(StripeAuditEntry.id)))
