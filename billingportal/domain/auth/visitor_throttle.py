"""Limits how often strangers may try an email address, from one network and for one address. Known and unknown
addresses are counted alike."""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.auth.sign_in import WINDOW, Throttled, forget, free_again, network_of
from billingportal.domain.common import locks
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.models.auth.sign_in_attempt import SignInAttempt

MOST_PER_NETWORK = 20
MOST_PER_ADDRESS = 5


def admit_visitor(session: Session, purpose: str, network: str, email: str) -> None:
    """Count one try for this purpose, from the IP address `network`. Raises Throttled."""
    locks.take_turns(session, locks.SIGN_IN)
    moment = clock.now()
    forget(session, moment, WINDOW)
    limits = {
        hash_place(f"{purpose} from {network_of(network)}"): MOST_PER_NETWORK,
        hash_place(f"{purpose} for {canonical_address(email)}"): MOST_PER_ADDRESS,
    }
    waits = [free_again(session, SignInAttempt.account_hash == place, most) for place, most in limits.items()]
    until: datetime | None = max((wait for wait in waits if wait is not None), default=None)
    if until is not None:
        raise Throttled(until)
    # The purpose replaces the address that attempts of staff have, so that neither counts for the other.
    session.add_all(SignInAttempt(account_hash=place, address=purpose, attempted_at=moment) for place in limits)


def hash_place(words: str) -> str:
    """A hash that no account has: no email address has blanks in it."""
    return hashlib.sha256(words.encode()).hexdigest()
