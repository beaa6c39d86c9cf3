"""The cookie of a browser in which a member of staff signed in before. It survives signing out."""

from flask import request

from billingportal.domain.auth import known_browsers
from billingportal.models import Staff
from billingportal.portal import current_portal
from billingportal.web.common.input import cookies

COOKIE = "portal_browser"
# Only sign-in reads it.
PATH = "/sign-in"


def remember(staff: Staff) -> None:
    """Replace this browser's token with a new one."""
    token = known_browsers.token(current_portal().settings.secret_keys, staff)
    cookies.give(COOKIE, token, known_browsers.LIFETIME, PATH)


def name_for(staff: Staff | None) -> str | None:
    """The name that this browser's wrong passwords are counted under, if this person signed in here before."""
    token = request.cookies.get(COOKIE)
    return known_browsers.name_of(current_portal().settings.secret_keys, token, staff) if token else None
