"""Sends waiting emails. Each is claimed first, so that no two workers send it; no transaction is open during SMTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import Transaction
from billingportal.domain.auth import billing_links, sign_up_links
from billingportal.domain.common.due_times import is_due
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.mail.addresses import header_address, recipient_of
from billingportal.domain.mail.outbox import BILLING_LINK, SIGN_UP_LINK
from billingportal.domain.mail.smtp import MailProblem, MailServer, deliver
from billingportal.models import Client, MailSettings, OutgoingMail, SignUpRequest, Staff
from billingportal.vault import CannotOpen, Vault

BATCH = 10
# The emails of a worker that dies are free for others after this long. A whole batch of slow answers fits in.
LEASE = timedelta(minutes=10)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
# The pause while the server accepts no email.
SERVER_PAUSE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(days=3)
NO_ADDRESS = "A letter with a link needs the portal's public address: set PORTAL_PUBLIC_URL."


@dataclass(frozen=True)
class Outgoing:
    """A claimed email, complete except for its link."""

    id: int
    client_id: int | None
    access_generation: int
    sign_up_request_id: int | None
    recipient: str
    subject: str
    body: str
    written_at: datetime


@dataclass(frozen=True)
class Post:
    """One batch of claimed emails, with the server, sender address and brand to send them with."""

    server: MailServer
    sender: str
    brand: str
    letters: tuple[Outgoing, ...]


def send_due(transaction: Transaction, vault: Vault, settings: Settings) -> int:
    """Send all due emails. Returns how many were sent."""
    sent = 0
    while True:
        with transaction() as session:
            post = claim(session, vault, now())
        if post is None:
            return sent
        taken = send(transaction, post, settings)
        sent += taken
        if taken < BATCH:
            return sent


def send(transaction: Transaction, post: Post, settings: Settings) -> int:
    """Send the claimed emails until the server accepts no more. Returns how many were sent."""
    sent = 0
    for position, letter in enumerate(post.letters):
        try:
            deliver(post.server, message(post, letter, settings))
        except MailProblem as problem:
            with transaction() as session:
                if problem.is_about_letter:
                    note_problem(session, letter.id, problem)
                else:
                    postpone(session, [one.id for one in post.letters[position:]], problem)
            if not problem.is_about_letter:
                return sent
        else:
            with transaction() as session:
                note_sent(session, letter.id)
            sent += 1
    return sent


def claim(session: Session, vault: Vault, moment: datetime) -> Post | None:
    """Claim a batch of due emails; other workers skip them until the lease ends. None: nothing is sent now."""
    chosen = mail_settings.find_settings(session)
    if chosen is None or not chosen.is_on:
        return None
    rows = session.execute(
        select(OutgoingMail, Client, SignUpRequest, Staff)
        .outerjoin(Client, Client.id == OutgoingMail.client_id)
        .outerjoin(SignUpRequest, SignUpRequest.id == OutgoingMail.sign_up_request_id)
        .outerjoin(Staff, Staff.id == OutgoingMail.staff_id)
        .where(OutgoingMail.state == "waiting", is_due_now(moment))
        .order_by(OutgoingMail.next_attempt_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=OutgoingMail)
    ).all()
    if not rows:
        return None
    try:
        server = mail_settings.server_of(chosen, vault)
    except CannotOpen as error:
        chosen.problem = f"The saved password cannot be opened: {error} Type it again."
        for mail, *_ in rows:
            mail.next_attempt_at = moment + SERVER_PAUSE
        return None
    for mail, *_ in rows:
        mail.next_attempt_at = moment + LEASE
    found = tuple(outgoing(*row) for row in rows)
    return Post(server, chosen.sender, mail_messages.brand_name(session), found)


def outgoing(
    mail: OutgoingMail, client: Client | None, applicant: SignUpRequest | None, staff: Staff | None
) -> Outgoing:
    names = (mail.client_id, client.access_generation if client else 0, mail.sign_up_request_id)
    return Outgoing(mail.id, *names, recipient_of(client, applicant, staff), mail.subject, mail.body, mail.created_at)


def is_due_now(moment: datetime) -> ColumnElement[bool]:
    """SQL condition: an unsent email is due. Its longest possible pause depends on the number of attempts."""
    due = OutgoingMail.next_attempt_at
    return or_(
        (OutgoingMail.attempts == 0) & is_due(due, moment, LEASE),
        is_due(due, moment, PAUSES[-1]),
        *(
            (OutgoingMail.attempts == attempts) & is_due(due, moment, max(pause, LEASE))
            for attempts, pause in enumerate(PAUSES, 1)
        ),
    )


def message(post: Post, letter: Outgoing, settings: Settings) -> EmailMessage:
    """The email as it is sent. Its Message-ID stays the same, so that copies can be recognised. Raises MailProblem."""
    return compose(
        post.sender,
        post.brand,
        letter.recipient,
        letter.subject,
        body_of(letter, settings),
        f"{letter.id}.{int(letter.written_at.timestamp())}",
    )


def body_of(letter: Outgoing, settings: Settings) -> str:
    """The body with a new link in place of its placeholder. Raises MailProblem without the portal's public address."""
    placeholder = next((one for one in (BILLING_LINK, SIGN_UP_LINK) if one in letter.body), None)
    if placeholder is None:
        return letter.body
    if settings.public_url is None:
        raise MailProblem(NO_ADDRESS, is_about_letter=True)
    return letter.body.replace(placeholder, settings.public_url + link_path(letter, settings.secret_keys))


def link_path(letter: Outgoing, secret_keys: tuple[str, ...]) -> str:
    """The path of a new link for the email's recipient."""
    if letter.client_id is not None:
        hours = billing_links.MAIL_HOURS
        return billing_links.link_path(secret_keys, letter.client_id, letter.access_generation, hours=hours)
    return sign_up_links.link_path(secret_keys, letter.sign_up_request_id or 0)


def compose(sender: str, brand: str, recipient: str, subject: str, body: str, name: str) -> EmailMessage:
    """A plain text email from the brand. `name` makes its Message-ID unique. Raises MailProblem."""
    made, origin = EmailMessage(), sender_address(sender, brand)
    try:
        made["From"] = origin
        made["To"] = header_address(recipient)
        made["Subject"] = subject
        made["Date"] = format_datetime(now())
        made["Message-ID"] = f"<{name}@{origin.domain}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(body)
    except (ValueError, MessageError) as error:
        raise MailProblem(f"This email cannot be sent: {error}", is_about_letter=True, is_final=True) from None
    return made


def sender_address(sender: str, brand: str) -> Address:
    """The From header. Raises MailProblem about the server's settings: no email can come from this sender."""
    try:
        return header_address(sender, brand)
    except ValueError as error:
        raise MailProblem(f"The sender {sender} cannot send emails: {error}") from None


def note_sent(session: Session, mail_id: int) -> None:
    mail = session.get_one(OutgoingMail, mail_id, with_for_update=True)
    mail.state, mail.sent_at, mail.problem, mail.next_attempt_at = "sent", now(), "", None
    mail.attempts += 1
    note_server(session, "")


def note_problem(session: Session, mail_id: int, problem: MailProblem) -> None:
    """Store the problem of this email and the time of its next attempt; after the last one it has failed."""
    mail = session.get_one(OutgoingMail, mail_id, with_for_update=True)
    mail.attempts += 1
    mail.problem = problem.message
    if problem.is_final or mail.attempts > len(PAUSES):
        mail.state, mail.next_attempt_at = "failed", None
    else:
        mail.next_attempt_at = now() + PAUSES[mail.attempts - 1]


def postpone(session: Session, mail_ids: list[int], problem: MailProblem) -> None:
    """Postpone emails while the server accepts none. An email older than LONGEST_WAIT fails: it is out of date."""
    moment = now()
    for mail in session.scalars(select(OutgoingMail).where(OutgoingMail.id.in_(mail_ids)).with_for_update()):
        mail.problem = problem.message
        mail.next_attempt_at = moment + SERVER_PAUSE
        if moment - mail.created_at > LONGEST_WAIT:
            mail.state, mail.next_attempt_at = "failed", None
    note_server(session, problem.message)


def note_server(session: Session, problem: str) -> None:
    """Store the server's problem for the settings page; empty when it works."""
    chosen = session.get(MailSettings, mail_settings.THE_ROW)
    if chosen is not None and chosen.problem != problem:
        chosen.problem = problem
