"""Whether the portal itself is in order: its migrations, its worker and its secret keys."""

from pathlib import Path

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.connection import stored_secrets
from billingportal.domain.health import revisions
from billingportal.domain.health.findings.machine.worker import worker_gone
from billingportal.vault import Vault


def troubles(session: Session, vault: Vault, migrations: Path) -> list[str]:
    """What is not in order, in words without details, since everybody may ask. Raises SQLAlchemyError."""
    if revisions.current(session.connection()) != revisions.newest(migrations):
        return ["the database is not at the newest revision"]
    found = []
    if stored_secrets.count(session.connection(), vault).lost:
        found.append("stored secrets cannot be opened")
    if worker_gone(session, now()) is not None:
        found.append("no background worker has reported for a minute")
    return found
