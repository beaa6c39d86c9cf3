"""Asks the signed-in person for the password again, as throttled as sign-in."""

from flask import request

from billingportal.db import transaction
from billingportal.domain.auth import passwords, sign_in
from billingportal.domain.auth.sign_in import Throttled
from billingportal.errors import Refusal
from billingportal.web.auth import session


def check_password(typed: str, field: str, wrong: str) -> int:
    """Check the password of the signed-in person. Returns the attempt, which the caller forgives with its act.

    Raises Refusal about `field`: with `wrong`, or after too many wrong tries.
    """
    person = session.current_staff()
    staff_id, email, stored = person.id, person.email, person.password_hash
    try:
        with transaction() as writing:
            known_as = f"signed in, {staff_id}"
            attempt_id = sign_in.admit_attempt(writing, email, request.remote_addr or "", known_as=known_as)
    except Throttled as throttled:
        raise Refusal(field, f"Too many wrong tries. Try again in {throttled.minutes_left} min.") from None
    if not passwords.password_matches(stored, typed):
        raise Refusal(field, wrong)
    return attempt_id
