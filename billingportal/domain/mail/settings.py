"""Settings of the partner's mail server, which sends the emails to clients."""

import re
from dataclasses import dataclass, field
from typing import get_args

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit
from billingportal.domain.common.email_addresses import checked_address
from billingportal.domain.common.locks import MAIL, take_turns
from billingportal.domain.mail.addresses import ascii_domain
from billingportal.domain.mail.smtp import MailServer
from billingportal.errors import Refusal
from billingportal.models import MailSettings
from billingportal.models.mail.mail_settings import MailSecurity
from billingportal.plain_json import Json
from billingportal.vault import CannotOpen, Vault

THE_ROW = 1
# The subject of the audit entries of test emails.
TESTED = ("mail_test", str(THE_ROW))
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9a-fA-F:]+\]?")
OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Typed:
    """The submitted form of the mail server. An empty password keeps the stored one."""

    host: str
    port: str
    security: str
    username: str
    password: str = field(repr=False)
    sender: str
    is_on: bool


def find_settings(session: Session) -> MailSettings | None:
    """The stored settings, if any."""
    return session.get(MailSettings, THE_ROW)


def is_on(session: Session) -> bool:
    """Whether sending emails is set up and on."""
    found = find_settings(session)
    return found is not None and found.is_on


def problem(session: Session) -> str:
    """Why the mail server takes no emails now; empty when it does, or when sending is off."""
    found = find_settings(session)
    return found.problem if found is not None and found.is_on else ""


def server_of(settings: MailSettings, vault: Vault) -> MailServer:
    """The server with its decrypted password. Raises CannotOpen when no key of ours fits, or no password is stored."""
    if settings.username and settings.password_sealed is None:
        raise CannotOpen("No password is stored for this user.")
    password = vault.open_(settings.password_sealed) if settings.password_sealed else ""
    return MailServer(settings.host, settings.port, settings.security, settings.username, password)


def save_settings(session: Session, vault: Vault, typed: Typed, *, staff_id: int) -> MailSettings:
    """Validate and store the settings. Raises Refusal naming the field."""
    host, port, security = host_of(typed.host), port_of(typed.port), security_of(typed.security)
    username = typed.username.strip()
    if security == "none" and username and host not in OWN_MACHINE:
        raise Refusal("security", "Without encryption the password would be read on the way. Choose TLS or STARTTLS.")
    take_turns(session, MAIL)
    row = find_settings(session)
    password_sealed = password_of(row, vault, typed, host, username)
    chosen = {
        "host": host,
        "port": port,
        "security": security,
        "username": username,
        "password_sealed": password_sealed,
        "sender": sender_of(typed.sender),
        "is_on": typed.is_on,
    }
    row = row or MailSettings(id=THE_ROW)
    changed = [name for name, value in chosen.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, chosen[name])
    row.problem, row.updated_at = "", clock.now()
    session.add(row)
    if changed:
        details: dict[str, Json] = {"changed": [name.removesuffix("_sealed") for name in changed]}
        audit.record_act(
            session, audit.Act("mail_settings.updated", "Changed the mail server", staff_id=staff_id, details=details)
        )
    return row


def password_of(row: MailSettings | None, vault: Vault, typed: Typed, host: str, username: str) -> str | None:
    """The sealed password. The stored one goes only to the server it was typed for, and to no other. Raises Refusal."""
    if not username:
        return None
    if not username.isascii():
        raise Refusal("username", "Use a user name of ASCII characters: many servers take no others.")
    if typed.password:
        if not typed.password.isascii():
            raise Refusal("password", "Use a password of ASCII characters: many servers take no others.")
        return vault.seal(typed.password)
    if row is None or row.password_sealed is None:
        raise Refusal("password", "Type the password of this user.")
    if (row.host, row.username) != (host, username):
        raise Refusal("password", "The server or the user is another one now. Type the password for it.")
    return row.password_sealed


def host_of(typed: str) -> str:
    host = typed.strip().lower()
    if not HOST.fullmatch(host) or len(host) > 253 or not is_domain(host):
        raise Refusal("host", "Write the name of the server alone, for example smtp.example.com.")
    return host


def is_domain(host: str) -> bool:
    """Whether a server can be looked for under this name: no part of it is empty or too long."""
    try:
        ascii_domain(host)
    except ValueError:
        return False
    return True


def port_of(typed: str) -> int:
    text = typed.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise Refusal("port", "A port is a number, usually 465 for TLS or 587 for STARTTLS.")
    return int(text)


def security_of(typed: str) -> MailSecurity:
    known: tuple[MailSecurity, ...] = get_args(MailSecurity)
    for one in known:
        if one == typed:
            return one
    raise Refusal("security", "Choose how the connection is encrypted.")


def sender_of(typed: str) -> str:
    """The sender. Its domain may have any letters; the part before the @ may not, since few servers take them."""
    sender = typed.strip()
    if not sender.rpartition("@")[0].isascii():
        raise Refusal("sender", "Use ASCII characters before the @: many mail servers take no others.")
    checked_address(sender, "sender", "billing@example.com")
    return sender


def record_test(session: Session, recipient: str, *, staff_id: int) -> None:
    """Record in the audit log that the mail server took a test email."""
    words = f"Sent a test email to {recipient}"
    audit.record_act(session, audit.Act("mail_settings.tested", words, staff_id=staff_id, subject=TESTED))
