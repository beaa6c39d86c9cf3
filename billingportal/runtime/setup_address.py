"""The one-time set-up link of the first owner."""

from billingportal.db import transaction
from billingportal.domain.auth import setup
from billingportal.domain.common import audit


def new_setup_address(base: str) -> str:
    """The URL of a new one-time set-up link; earlier links end. Raises Refusal once there is staff."""
    with transaction() as session:
        token = setup.new_link(session)
        audit.record_act(session, audit.Act("setup_link.created", "Printed a set-up link", actor="command"))
    return f"{base.rstrip('/')}/setup/{token}"
