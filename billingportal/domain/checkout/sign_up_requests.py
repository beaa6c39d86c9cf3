"""Sign-ups that go on from an emailed link. Every address gets the same answer, in the same time, and the same email.

The visitor's request stores the form and the email, and looks nothing up. Whoever opens the link owns the address and
may be told whether it has an account.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.domain.auth import sign_up_links
from billingportal.domain.auth.visitor_throttle import admit_visitor
from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.checkout.sign_ups import Applicant, Order, check_sign_up
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import outbox
from billingportal.domain.mail import settings as mail_settings
from billingportal.errors import Refusal
from billingportal.models import SignUpRequest

# Longer than an email waits for its server (mail/delivery.py) and its link then works.
KEPT_FOR = timedelta(days=5)
CLOSED = "Signing up is not possible right now. Please contact us."


def is_confirming(session: Session) -> bool:
    """Whether addresses are confirmed before anything else happens."""
    return checkout_settings.current_settings(session).confirms_addresses


def can_confirm(session: Session, settings: Settings) -> bool:
    """Whether emails with links can be sent."""
    return mail_settings.is_on(session) and settings.public_url is not None


def request_sign_up(
    session: Session, settings: Settings, applicant: Applicant, order: Order, choice: Mapping[str, str]
) -> None:
    """Store the sign-up and its email. Raises Refusal, also while no email can be sent, and Throttled."""
    if not can_confirm(session, settings):
        raise Refusal("", CLOSED)
    admit_visitor(session, "sign-up", applicant.address, applicant.email)
    check_sign_up(session, applicant, order)
    request = SignUpRequest(
        mode=order.mode,
        name=" ".join(applicant.name.split()),
        email=applicant.email.strip(),
        workspace_name=" ".join(applicant.workspace_name.split()),
        accepted_terms=applicant.accepted_terms,
        choice=dict(choice),
        requested_at=clock.now(),
    )
    session.add(request)
    session.flush()
    letter = mail_messages.confirm_address(mail_messages.brand_name(session))
    body = "\n\n".join([*letter.words, mail_messages.brand_name(session)])
    outbox.write_to_applicant(session, request.id, letter.kind, letter.subject, body)


def find_request(session: Session, settings: Settings, token: str) -> SignUpRequest | None:
    """The sign-up that the link goes on with. None when the link is not ours or has expired."""
    request_id = sign_up_links.read_link(settings.secret_keys, token)
    return session.get(SignUpRequest, request_id) if request_id is not None else None


def forget_requests(session: Session) -> None:
    """Delete old sign-ups with their emails: they may be about people who never wanted them."""
    session.execute(delete(SignUpRequest).where(SignUpRequest.requested_at < clock.now() - KEPT_FOR))
