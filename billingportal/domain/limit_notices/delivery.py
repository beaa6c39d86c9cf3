"""Tells a limit that a client came to: by email to the client, and to the host platform by outgoing webhook.

All of it is written in the transaction of the notice, so that nothing is told twice and nothing is lost.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from billingportal.domain.common.references import public_id
from billingportal.domain.entitlements.answer import UPGRADE_PATH
from billingportal.domain.limit_notices.client_text import client_text
from billingportal.domain.limit_notices.gathering import Reached, gather
from billingportal.domain.limit_notices.uses import ClientUse
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail.messages import Letter
from billingportal.domain.mail.outbox import BILLING_LINK
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.models import LimitNotice
from billingportal.models.usage.limit_notice import LimitStage
from billingportal.plain_json import JsonObject

EVENTS: dict[LimitStage, str] = {
    "warning": "limit.warning",
    "reached": "limit.reached",
    "exceeded": "limit.exceeded",
    "cap": "limit.reached",
}
SEE_PAGE = "To see your use, change your plan or set a spending cap, open this page:"


def deliver(session: Session, one: ClientUse, notices: Sequence[LimitNotice], base_url: str) -> None:
    """Tell these notices, the mildest first. When several came at once, one email tells the gravest.

    The host platform is told of each: reports often pass a limit without stopping at it.
    """
    if not notices:
        return
    if one.resource.warns_client:
        write_mail(session, one, notices[-1])
    if one.resource.warns_platform:
        for notice in notices:
            write_event(session, one, notice, base_url)


def write_mail(session: Session, one: ClientUse, notice: LimitNotice) -> None:
    (about,) = gather(session, one.client, [Reached(one, notice.stage, notice.noticed_at)])
    text = client_text(about)
    letter = Letter(f"limit_{notice.stage}", text.title, (f"{text.title}.", text.words, SEE_PAGE, BILLING_LINK))
    mail_messages.post(session, one.client, f"limit:{notice.id}", letter)


def write_event(session: Session, one: ClientUse, notice: LimitNotice, base_url: str) -> None:
    client, resource = one.client, one.resource
    data: JsonObject = {
        "client": public_id("client", client.id),
        "external_id": client.external_id,
        "resource": resource.key,
        "used": notice.used,
        "limit": notice.quota,
        "limit_kind": "spending_cap" if notice.stage == "cap" else "plan",
        "at_limit": one.use.reaction,
        "upgrade_url": base_url + UPGRADE_PATH if base_url else None,
    }
    record_event(session, client.mode, EVENTS[notice.stage], client.id, data, about=resource.name)
