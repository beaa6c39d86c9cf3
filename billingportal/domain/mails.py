"""Letters to clients: written with what they are about, sent by a job."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain import mail_settings
from billingportal.domain.row_statements import insert_unless_there
from billingportal.models import OutgoingMail

# Where the billing link goes. It is made when the letter is sent, so that no secret is stored.
BILLING_LINK = "{billing link}"


def write(session: Session, client_id: int, kind: str, occasion: str, subject: str, body: str) -> bool:
    """Have a letter sent to a client, once for each occasion. Does nothing while no mail server is set up.

    Whether it was written now. In the body, BILLING_LINK stands for a link that opens the client's billing page.
    """
    if not mail_settings.is_on(session):
        return False
    moment = now()
    statement = insert_unless_there(OutgoingMail.__table__, session.get_bind().dialect.name)
    added = session.execute(
        statement,
        {
            "client_id": client_id,
            "kind": kind,
            "occasion": occasion,
            "subject": " ".join(subject.split())[:200],
            "body": body,
            "state": "waiting",
            "attempts": 0,
            "problem": "",
            "created_at": moment,
            "next_attempt_at": moment,
        },
    ).scalar()
    return added is not None
