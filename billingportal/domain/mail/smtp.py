"""Sends one email over SMTP and puts failures into words."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from billingportal.errors import PortalError
from billingportal.models.mail.mail_settings import MailSecurity

# Seconds that the server may take for each step.
TIMEOUT = 10


@dataclass(frozen=True)
class MailServer:
    """The mail server and its login. `repr` leaves the password out."""

    host: str
    port: int
    security: MailSecurity
    username: str
    password: str = field(repr=False)


class MailProblem(PortalError):
    """The email was not accepted. `is_about_letter`: only this one was refused; else the server accepts none now.

    `is_final`: the same email will not be accepted later either.
    """

    def __init__(self, message: str, *, is_about_letter: bool = False, is_final: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_about_letter = is_about_letter
        self.is_final = is_final


def deliver(server: MailServer, message: EmailMessage, *, trust: ssl.SSLContext | None = None) -> str:
    """Send an email. Returns the server as host:port. `trust` is for servers with certificates of our own.

    Raises MailProblem.
    """
    with problems_in_words(server), connection(server, trust or ssl.create_default_context()) as smtp:
        if server.username:
            log_in(smtp, server)
        send(smtp, message)
    return f"{server.host}:{server.port}"


def log_in(smtp: smtplib.SMTP, server: MailServer) -> None:
    try:
        smtp.login(server.username, server.password)
    except UnicodeError:  # Python sends ASCII only.
        raise MailProblem("The user name or the password has characters that are not ASCII. Change it.") from None


def send(smtp: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        smtp.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        # The address has characters that only some servers support.
        raise MailProblem(f"The server takes no such address: {error}", is_about_letter=True, is_final=True) from None


def connection(server: MailServer, trust: ssl.SSLContext) -> smtplib.SMTP:
    """Open a connection, encrypted as the settings say. An invalid certificate raises an `ssl` error."""
    try:
        if server.security == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=trust)
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    except UnicodeError:  # A part of the name is empty or too long.
        raise MailProblem(f"{server.host} is not the name of a server.") from None
    if server.security == "starttls":
        try:
            smtp.starttls(context=trust)
        except BaseException:
            smtp.close()
            raise
    return smtp


@contextmanager
def problems_in_words(server: MailServer) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise letter_problem("The server refused the recipient", code, answer) from None
    except smtplib.SMTPDataError as error:
        raise letter_problem("The server refused the letter", error.smtp_code, error.smtp_error) from None
    except OSError as error:  # smtplib's own errors are among these
        raise MailProblem(server_words(server, error)) from None


def letter_problem(words: str, code: int, answer: bytes | str) -> MailProblem:
    """The problem of one email. SMTP codes 5xx are final; 4xx are temporary."""
    return MailProblem(f"{words}: {code} {text_of(answer)}", is_about_letter=True, is_final=code >= 500)


def server_words(server: MailServer, error: OSError) -> str:
    """Why the server accepts no email, and what to check."""
    place = f"{server.host}:{server.port}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The server refused the user name or the password: {error.smtp_code} {text_of(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"The server refused the sender: {error.smtp_code} {text_of(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"{place} does not offer what the settings ask for: {error}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{place} answered: {error.smtp_code} {text_of(error.smtp_error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {place} is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"{place} did not speak TLS. Choose STARTTLS, or the port for TLS (usually 465)."
    return f"{place} {network_words(error)}"


def network_words(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "is not known: no server has this name."
    if isinstance(error, TimeoutError):
        return f"did not answer within {TIMEOUT} seconds. For TLS at once the port is usually 465, for STARTTLS 587."
    if isinstance(error, ConnectionRefusedError):
        return "is closed: nothing answers there. Check the port."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "hung up. The port may expect another security."
    return f"cannot be reached: {error}"


def text_of(answer: bytes | str) -> str:
    """The server's answer on one line, at most 300 characters."""
    words = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return " ".join(words.split())[:300]
