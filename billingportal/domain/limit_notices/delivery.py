"""Tells a limit that a client came to: by email to the client, and to the host platform by outgoing webhook.

All of it is written in the transaction of the notice, so that nothing is told twice and nothing is lost.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from billingportal.domain.limit_notices.client_text import client_text
from billingportal.domain.limit_notices.gathering import Reached, gather
from billingportal.domain.limit_notices.uses import ClientUse
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail.messages import Letter
from billingportal.domain.mail.outbox import BILLING_LINK
from billingportal.models import LimitNotice

SEE_PAGE = "To see your use, change your plan or set a spending cap, open this page:"


def deliver(session: Session, one: ClientUse, notices: Sequence[LimitNotice]) -> None:
    """Tell these notices, the mildest first. When several came at once, one email tells the gravest."""
    if not notices:
        return
    if one.resource.warns_client:
        write_mail(session, one, notices[-1])


def write_mail(session: Session, one: ClientUse, notice: LimitNotice) -> None:
    (about,) = gather(session, one.client, [Reached(one, notice.stage, notice.noticed_at)])
    text = client_text(about)
    letter = Letter(f"limit_{notice.stage}", text.title, (f"{text.title}.", text.words, SEE_PAGE, BILLING_LINK))
    mail_messages.post(session, one.client, f"limit:{notice.id}", letter)
