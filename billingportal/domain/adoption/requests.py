"""People who tried to sign up or to buy with the address of an unlinked customer: answered once staff decide."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.mail import messages as mail_messages
from billingportal.models import AdoptionRequest, Client, Customer


def answer_request(session: Session, customer: Customer, client: Client) -> None:
    """Email a billing link to the client, if somebody with its customer's address had asked for an account."""
    request = find_request(session, customer)
    if request is None:
        return
    letter = mail_messages.account_ready(mail_messages.brand_name(session))
    mail_messages.post(session, client, f"account-ready:{request.id}:{client.id}", letter)
    session.delete(request)


def forget_request(session: Session, customer: Customer) -> None:
    """Delete the request of a customer that is not ours."""
    request = find_request(session, customer)
    if request is not None:
        session.delete(request)


def find_request(session: Session, customer: Customer) -> AdoptionRequest | None:
    return session.scalar(
        select(AdoptionRequest).where(
            AdoptionRequest.processor_account_id == customer.processor_account_id,
            AdoptionRequest.canonical_email == customer.canonical_email,
        )
    )
