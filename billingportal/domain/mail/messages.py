"""Texts of emails about billing links, trials and ended subscriptions: plain text, signed with the partner's brand.

Emails about failing payments are in domain/dunning/emails.py.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.branding import branding
from billingportal.domain.common.dates import day
from billingportal.domain.mail import outbox as mail_outbox
from billingportal.domain.mail.outbox import BILLING_LINK, SIGN_UP_LINK
from billingportal.models import Client


@dataclass(frozen=True)
class Letter:
    """The text of an email. `kind` names its type in lists; `words` are its paragraphs."""

    kind: str
    subject: str
    words: tuple[str, ...]


def post(session: Session, client: Client, occasion: str, letter: Letter) -> bool:
    """Queue the email, once per occasion. Returns whether it was queued now."""
    brand = brand_name(session)
    body = "\n\n".join([f"Hello {client.name},", *letter.words, brand])
    return mail_outbox.write_mail(session, client.id, letter.kind, occasion, letter.subject, body)


def brand_name(session: Session) -> str:
    """The partner's brand name, or the default one."""
    looks = branding.find_branding(session)
    return looks.name if looks else branding.DEFAULT_NAME


def billing_link(brand: str) -> Letter:
    """The email with a requested billing link."""
    return Letter(
        "billing_link",
        f"Your billing page at {brand}",
        (
            "Here is the link to your billing page. It works for one hour.",
            BILLING_LINK,
            "You did not ask for it? Then there is nothing to do: only you have this link.",
        ),
    )


def explained_invoice(number: str, query: str) -> Letter:
    """The email by which staff share an invoice. `query` makes the link lead to it."""
    return Letter(
        "explained_invoice",
        f"How invoice {number} comes together",
        (
            f"This page explains invoice {number} line by line: prices, units, and the workspaces that used them. "
            "The link works for one hour.",
            f"{BILLING_LINK}{query}",
        ),
    )


def confirm_address(brand: str) -> Letter:
    """The email of a sign-up whose address has to be confirmed. It repeats nothing that was typed: a stranger may have
    typed it."""
    return Letter(
        "confirm_address",
        f"Confirm your email address for {brand}",
        (
            f"Somebody, probably you, signed up at {brand} with this email address. To go on, open this link. It works "
            "for one day.",
            SIGN_UP_LINK,
            "If it was not you, there is nothing to do: without this link nothing happens.",
        ),
    )


def account_ready(brand: str) -> Letter:
    """The email after staff connected a customer who had tried to sign up."""
    return Letter(
        "account_ready",
        f"Your account at {brand} is ready",
        (
            "We connected your subscription to your account. To see your plan, change it or pay, open this link. "
            "It works for one hour.",
            BILLING_LINK,
        ),
    )


def trial_ending(plan_name: str, ends_at: datetime, afterwards: str, *, needs_card: bool) -> Letter:
    """`afterwards` is a sentence on the end of the trial."""
    advice = "To go on with the plan, add a card on your billing page."
    words = f"{afterwards} {advice if needs_card else 'You can cancel before that day.'}"
    return Letter(
        "trial_ending",
        f"Your trial of {plan_name} ends on {day(ends_at)}",
        (f"Your trial of the plan {plan_name} ends on {day(ends_at)}. {words}", BILLING_LINK),
    )


def subscription_ended(plan_name: str, *, present_plan: str | None) -> Letter:
    """`plan_name` is empty when no plan had its prices; `present_plan` names the client's plan now, if any."""
    ended = f"Your plan {plan_name}" if plan_name else "Your subscription"
    now_words = f"You now have the plan {present_plan}." if present_plan else "You have no plan now."
    return Letter(
        "subscription_ended",
        f"{ended} has ended",
        (
            f"{ended} has ended. {now_words} Nothing was deleted.",
            "To see your invoices or to choose a plan again, open this page:",
            BILLING_LINK,
        ),
    )
