"""What ends soon: the certificate of the portal's own address, and API keys of the host platform."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import select

from billingportal.clock import now
from billingportal.domain.common.dates import day
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.models import ApiKey
from billingportal.models.connection.processor_account import MODES, Mode

# Certificates for 90 days are usually renewed 30 days before their end.
CERTIFICATE_SOON = timedelta(days=14)
KEY_SOON = timedelta(days=7)
# A key that ended is shown for this long: the host platform may not have noticed.
KEY_SHOWN_FOR = timedelta(days=7)
CONNECT_SECONDS = 5
SEE = Action("See this machine", "page", "machine")
UNREAD = "From here nobody can tell when it ends. Look at it in a browser."


def check_certificate(surroundings: Surroundings) -> Result:
    """Asks the portal's own public address. Where that can't be reached from here, a note says so."""
    moment, url = now(), surroundings.settings.public_url or ""
    if not url.startswith("https://"):
        return Result((), moment)
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        ends_at = end_of_certificate(host, parts.port or 443)
    except ssl.SSLCertVerificationError as problem:
        meaning = f"{problem.verify_message}. People see a warning, and Stripe delivers no events."
        return Result((Found("certificate.expires", f"The certificate of {host} is not valid", meaning, SEE),), moment)
    except OSError as problem:
        title = f"The certificate of {host} can’t be read from here"
        return Result((Found("certificate.unreadable", title, f"{problem}. {UNREAD}", SEE),), moment)
    if ends_at > moment + CERTIFICATE_SOON:
        return Result((), moment)
    title = f"The certificate of {host} ends on {day(ends_at)}"
    meaning = "From then on people see a warning, and Stripe delivers no events. Renew it."
    return Result((Found("certificate.expires", title, meaning, SEE),), moment)


def end_of_certificate(host: str, port: int) -> datetime:
    """Raises SSLCertVerificationError for one that is not valid, and another OSError without an answer."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        found = secure.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)


def check_api_keys(surroundings: Surroundings, mode: Mode) -> Result:
    """The keys of a mode that end within a week, or ended within the last."""
    moment = now()
    ending = select(ApiKey).where(
        ApiKey.mode == mode,
        ApiKey.revoked_at.is_(None),
        ApiKey.expires_at.between(moment - KEY_SHOWN_FOR, moment + KEY_SOON),
    )
    with surroundings.reading() as session:
        found = [of_key(row, moment) for row in session.scalars(ending)]
    return Result(tuple(found), moment)


def of_key(row: ApiKey, moment: datetime) -> Found:
    ends_at = row.expires_at or moment
    title = f"The API key “{row.name}” {'ended' if ends_at <= moment else 'ends'} on {day(ends_at)}"
    used = f"It was last used on {day(row.last_used_at)}." if row.last_used_at else "It was never used."
    meaning = f"{used} Without a new key your platform can’t report usage, which is then not billed."
    action = Action("Make a new key", "page", "api_keys")
    return Found("api_key.expires", title, meaning, action, f"api_key:{row.id}", row.mode)


CHECKS = (
    Check(
        "certificate",
        "The certificate of the portal’s address is valid",
        "machine",
        ("certificate.expires", "certificate.unreadable"),
        6 * 3600,
        check_certificate,
    ),
    *(
        Check(
            f"api_keys.{mode}",
            "API keys of your platform do not end soon",
            "machine",
            ("api_key.expires",),
            3600,
            partial(check_api_keys, mode=mode),
            mode,
        )
        for mode in MODES
    ),
)
