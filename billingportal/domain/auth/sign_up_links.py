"""Links that go on with a sign-up: only the owner of the email address gets one. Signed, and stored nowhere."""

from datetime import timedelta

from billingportal.domain.auth import signed_tokens

PURPOSE = "sign-up links"
# Where links lead, under the public address of the portal.
PATH = "/portal/sign-up/confirmed"
HOURS = 24


def link_path(secret_keys: tuple[str, ...], request_id: int) -> str:
    """The path of a new link for a sign-up request."""
    return f"{PATH}/{signed_tokens.sign_token(secret_keys, PURPOSE, timedelta(hours=HOURS), request_id)}"


def read_link(secret_keys: tuple[str, ...], token: str) -> int | None:
    """The id of the sign-up request, or None when the link is not ours or has expired."""
    claim = signed_tokens.read_token(secret_keys, PURPOSE, token)
    return None if claim is None or claim.is_over else int(claim.facts[0])
