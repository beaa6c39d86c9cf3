"""The outbox: emails to clients, stored in the transaction of their cause and sent by a job (mail/delivery.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.sync.row_sql import insert_unless_there
from billingportal.errors import Refusal
from billingportal.models import Client, OutgoingMail, SignUpRequest, Staff
from billingportal.models.connection.processor_account import Mode
from billingportal.models.rehearsal.visibility import is_rehearsal

# The placeholders of links. A link is made when the email is sent, so that no secret is stored.
BILLING_LINK = "{billing link}"
SIGN_UP_LINK = "{sign-up link}"
LONGEST_SUBJECT = 200
PAGE = 25
# The most unsent emails that a client's page names.
MOST_UNSENT = 3
# Each email with its one recipient.
WITH_RECIPIENT = (
    select(OutgoingMail, Client, SignUpRequest, Staff)
    .outerjoin(Client, Client.id == OutgoingMail.client_id)
    .outerjoin(SignUpRequest, SignUpRequest.id == OutgoingMail.sign_up_request_id)
    .outerjoin(Staff, Staff.id == OutgoingMail.staff_id)
)


def write_mail(session: Session, client_id: int, kind: str, occasion: str, subject: str, body: str) -> bool:
    """Queue an email to a client, once per occasion. Does nothing while sending is off or no mail server is set up,
    nor for a throw-away client of a rehearsal.

    Returns whether it was queued now. In the body, BILLING_LINK is replaced by a link to the client's billing page.
    """
    if not mail_settings.is_on(session) or is_rehearsal(session, client_id):
        return False
    return add_mail(session, {"client_id": client_id}, kind, occasion, subject, body)


def write_to_applicant(session: Session, sign_up_request_id: int, kind: str, subject: str, body: str) -> None:
    """Queue the email of a sign-up. In the body, SIGN_UP_LINK is replaced by a link that goes on with it."""
    recipient = {"sign_up_request_id": sign_up_request_id}
    add_mail(session, recipient, kind, f"{kind}:{sign_up_request_id}", subject, body)


def write_to_staff(session: Session, staff_id: int, kind: str, occasion: str, subject: str, body: str) -> bool:
    """Queue an email to a member of staff, once per occasion. Returns whether it was queued now."""
    return mail_settings.is_on(session) and add_mail(session, {"staff_id": staff_id}, kind, occasion, subject, body)


def is_written(session: Session, occasion: str) -> bool:
    """Whether there is an email for this occasion, whatever became of it."""
    return session.scalar(select(OutgoingMail.id).where(OutgoingMail.occasion == occasion)) is not None


def add_mail(session: Session, recipient: dict[str, int], kind: str, occasion: str, subject: str, body: str) -> bool:
    """Insert an email, once per occasion. Returns whether it was inserted now."""
    moment = now()
    added = session.execute(
        insert_unless_there(cast(Table, OutgoingMail.__table__), session.get_bind().dialect.name),
        {
            **recipient,
            "kind": kind,
            "occasion": occasion,
            "subject": " ".join(subject.split())[:LONGEST_SUBJECT],
            "body": body,
            "state": "waiting",
            "attempts": 0,
            "problem": "",
            "created_at": moment,
            "next_attempt_at": moment,
        },
    )
    return added.scalar() is not None


@dataclass(frozen=True)
class ListedMail:
    """An email with its recipient. `mode` is None for one to staff."""

    mail: OutgoingMail
    name: str
    email: str
    mode: Mode | None


def listed_mails(session: Session, before_id: int | None = None) -> Sequence[ListedMail]:
    """A page of emails with their recipients, newest first; one more than PAGE when there are older ones."""
    rows = WITH_RECIPIENT.order_by(OutgoingMail.id.desc()).limit(PAGE + 1)
    if before_id is not None:
        rows = rows.where(OutgoingMail.id < before_id)
    return [listed(*row) for row in session.execute(rows)]


def listed(
    mail: OutgoingMail, client: Client | None, applicant: SignUpRequest | None, staff: Staff | None
) -> ListedMail:
    if client is not None:
        return ListedMail(mail, client.name, client.email, client.mode)
    if applicant is not None:
        return ListedMail(mail, applicant.name, applicant.email, applicant.mode)
    if staff is not None:
        return ListedMail(mail, staff.name, staff.email, None)
    raise TypeError("an email has one recipient")


def unsent_mails(session: Session, client_id: int) -> Sequence[OutgoingMail]:
    """The client's emails that could not be sent since the last one that was; newest first, at most MOST_UNSENT."""
    mine = OutgoingMail.client_id == client_id
    last_sent = select(func.max(OutgoingMail.id)).where(mine, OutgoingMail.state == "sent").scalar_subquery()
    return session.scalars(
        select(OutgoingMail)
        .where(mine, OutgoingMail.problem != "", OutgoingMail.id > func.coalesce(last_sent, 0))
        .order_by(OutgoingMail.id.desc())
        .limit(MOST_UNSENT)
    ).all()


def try_again(session: Session, mail_id: int, *, staff_id: int) -> OutgoingMail:
    """Queue a failed or waiting email for sending now. Raises Refusal when it is gone or sent."""
    mail = session.get(OutgoingMail, mail_id, with_for_update=True)
    if mail is None:
        raise Refusal("", "This letter is gone.")
    if mail.state == "sent":
        raise Refusal("", "This letter was sent already.")
    mail.state, mail.attempts, mail.next_attempt_at = "waiting", 0, now()
    words = f"Had the letter “{mail.subject}” sent again"
    subject = ("client", mail.client_id) if mail.client_id is not None else None
    audit.record_act(session, audit.Act("mail.retried", words, staff_id=staff_id, subject=subject))
    return mail
