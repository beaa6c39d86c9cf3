"""Actions on a connection, each as a noun: a check, a catch-up, a replacement, a disconnection."""

from flask import Blueprint, abort, g
from flask.typing import ResponseReturnValue

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.common import audit
from billingportal.domain.connection import disconnection
from billingportal.domain.connection.processor_accounts import catch_up_of, connected, request_check
from billingportal.domain.sync import failed_reads
from billingportal.errors import Conflict
from billingportal.portal import current_portal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.connection.processor import shown_after

blueprint = Blueprint("processor_actions", __name__, url_prefix="/saas/payment-processor")


@blueprint.post("/checks")
@require_role("owner", "admin")
def create_check() -> ResponseReturnValue:
    """Request a check of the account and its webhook now, with repairs."""
    with transaction() as session:
        account = connected(session, g.mode)
        if account is not None:
            request_check(account, now())
    return shown_after(g.mode)


@blueprint.post("/catch-ups")
@require_role("owner", "admin")
def create_catch_up() -> ResponseReturnValue:
    """Request a catch-up now: read from Stripe what the webhook missed."""
    with transaction() as session:
        account = connected(session, g.mode)
        if account is not None:
            catch_up_of(session, account).request(now())
            failed_reads.retry_now(session, account.id)
            audit.record_act(
                session,
                audit.Act(
                    "catch_up.requested",
                    f"Asked to catch up with {account.display_name}",
                    staff_id=current_staff().id,
                    processor_account_id=account.id,
                ),
            )
    return shown_after(g.mode)


@blueprint.post("/replacement")
@require_role("owner", "admin")
def create_replacement() -> ResponseReturnValue:
    """Confirm: connect the other account whose key was pasted."""
    portal = current_portal()
    try:
        disconnection.switch(transaction, portal.open_gateway, portal.vault, g.mode, staff_id=current_staff().id)
    except Conflict as conflict:
        abort(409, str(conflict))
    return shown_after(g.mode)


@blueprint.post("/replacement/refusal")
@require_role("owner", "admin")
def destroy_replacement() -> ResponseReturnValue:
    """Decline: delete the other account's key."""
    disconnection.decline(transaction, g.mode)
    return shown_after(g.mode)


@blueprint.post("/disconnection")
@require_role("owner", "admin")
def create_disconnection() -> ResponseReturnValue:
    """Remove our endpoint at Stripe and delete the key; the history stays."""
    portal = current_portal()
    disconnection.disconnect(transaction, portal.open_gateway, portal.vault, g.mode, staff_id=current_staff().id)
    return shown_after(g.mode)
