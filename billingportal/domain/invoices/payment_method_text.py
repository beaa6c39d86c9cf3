"""A client's payment method in words: "Visa ending 4242", and when it expires."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.domain.subscriptions import client_subscriptions
from billingportal.models import ClientCustomer, PaymentAttempt, PaymentMethod, Subscription
from billingportal.models.stripe_objects.payment_method import is_source

BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "cartes_bancaires": "Cartes Bancaires",
    "eftpos_au": "eftpos",
}
TYPES = {
    "sepa_debit": "SEPA Direct Debit",
    "us_bank_account": "Bank account",
    "bacs_debit": "Bacs Direct Debit",
    "au_becs_debit": "BECS Direct Debit",
    "acss_debit": "Pre-authorized debit",
    "link": "Link",
    "paypal": "PayPal",
    "cashapp": "Cash App",
    "amazon_pay": "Amazon Pay",
    "revolut_pay": "Revolut Pay",
    "legacy_card": "Card saved at Stripe",
    "legacy_bank_account": "Bank account saved at Stripe",
    "legacy_source": "Payment source saved at Stripe",
}
Expiry = Literal["valid", "soon", "over"]


@dataclass(frozen=True)
class MethodWords:
    """`expires` is empty for a method that does not expire."""

    words: str
    expires: str = ""
    state: Expiry = "valid"

    @property
    def expiry_words(self) -> str:
        """As in "Expires 08/2028"."""
        if not self.expires:
            return ""
        return {"valid": "Expires {}", "soon": "Expires this month, {}", "over": "Expired {}"}[self.state].format(
            self.expires
        )


def usual_method(
    session: Session, link: ClientCustomer | None, subscription: Subscription | None
) -> PaymentMethod | None:
    """The payment method that Stripe charges.

    A legacy source, of which only the id is known, comes as a payment method that is not stored.
    """
    if link is None:
        return None
    account_id, customer_id = link.processor_account_id, link.stripe_customer_id
    chosen = client_subscriptions.default_method_id(session, account_id, customer_id, subscription)
    if chosen is not None and is_source(chosen):
        return PaymentMethod(stripe_payment_method_id=chosen, type=source_type(chosen))
    return client_subscriptions.find_method(session, account_id, customer_id, chosen) if chosen else None


def source_type(source_id: str) -> str:
    return {"card": "legacy_card", "ba": "legacy_bank_account"}.get(source_id.partition("_")[0], "legacy_source")


def method_words(method: PaymentMethod | PaymentAttempt, moment: datetime) -> MethodWords:
    """The method's name and expiry, at a moment of the client's time."""
    kind = TYPES.get(method.type, method.type.replace("_", " ").capitalize())
    name = BRANDS.get(method.brand or "", (method.brand or "card").capitalize()) if method.type == "card" else kind
    words = f"{name} ending {method.last_four}" if method.last_four else name
    if method.expires_month is None or method.expires_year is None:
        return MethodWords(words)
    ends, today = (method.expires_year, method.expires_month), (moment.year, moment.month)
    state: Expiry = "over" if ends < today else "soon" if ends == today else "valid"
    return MethodWords(words, f"{method.expires_month:02}/{method.expires_year}", state)
