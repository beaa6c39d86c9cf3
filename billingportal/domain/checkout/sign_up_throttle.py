"""Limits sign-ups from one network. A throttled visitor may try again a little later."""

import hashlib
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.auth.sign_in import Throttled, forget, network_of
from billingportal.models.auth.sign_in_attempt import SignInAttempt

WINDOW = timedelta(minutes=15)
MOST = 20
# Replaces the address that attempts of staff have, so that neither counts for the other.
ADDRESS = "sign-up"


def admit_sign_up(session: Session, address: str) -> None:
    """Count one sign-up. Raises Throttled."""
    moment = clock.now()
    forget(session, moment, WINDOW)
    place = hashlib.sha256(f"sign-up from {network_of(address)}".encode()).hexdigest()
    mine = select(func.count(SignInAttempt.id), func.min(SignInAttempt.attempted_at)).where(
        SignInAttempt.account_hash == place
    )
    count, oldest = session.execute(mine).one()
    if count >= MOST:
        raise Throttled(oldest + WINDOW)
    session.add(SignInAttempt(account_hash=place, address=ADDRESS, attempted_at=moment))
