"""Locks for decisions in which two transactions must not both see the earlier state."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

SETUP = 7245001
SIGN_IN = 7245002
PLANS = 7245003
RESOURCES = 7245004
BRANDING = 7245005
CATALOG = 7245006
SELLING = 7245007
CLIENTS = 7245008
LADDER = 7245009
ADOPTION = 7245010
MAIL = 7245011
OUTGOING_WEBHOOKS = 7245015
REPORT_KEY = 7245016


def take_turns(session: Session, matter: int) -> None:
    """Wait for other transactions on the same matter. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(matter)))
