"""Browsers in which a member of staff signed in before. Wrong passwords typed elsewhere do not lock them out.

A browser carries a signed token that every sign-in replaces; nothing is stored. A new password invalidates it, so
that somebody who knew the old one has not collected more tries at the new one.
"""

import secrets
from datetime import timedelta

from billingportal.domain.auth import signed_tokens
from billingportal.models import Staff

PURPOSE = "known browsers"
LIFETIME = timedelta(days=90)


def token(secret_keys: tuple[str, ...], staff: Staff) -> str:
    """A new token for a browser in which this person has just proved who they are."""
    name = secrets.token_urlsafe(16)
    return signed_tokens.sign_token(secret_keys, PURPOSE, LIFETIME, staff.id, staff.access_generation, name)


def name_of(secret_keys: tuple[str, ...], token: str, staff: Staff | None) -> str | None:
    """The name under which a browser's wrong passwords are counted; None where this person never signed in there."""
    claim = signed_tokens.read_token(secret_keys, PURPOSE, token)
    if claim is None or claim.is_over or staff is None:
        return None
    staff_id, access_generation, name = claim.facts
    return str(name) if (staff_id, access_generation) == (staff.id, staff.access_generation) else None
