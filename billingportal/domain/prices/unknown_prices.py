"""Says why the connected account does not have a price: it may be of the other mode, or of another account."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.prices.references import FIELD, Reference
from billingportal.errors import Refusal
from billingportal.models import Price, ProcessorAccount
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway

OTHER_MODE = {"test": "live", "live": "test"}


def unknown_price(session: Session, gateway: StripeGateway, account: ProcessorAccount, reference: Reference) -> Refusal:
    """The refusal of a price that the account does not have, naming its account or mode where known."""
    mode, other = account.mode, OTHER_MODE[account.mode]
    elsewhere = held_elsewhere(session, account, reference)
    if reference.stripe_price_id is None:
        return unknown_key(mode, other, elsewhere, reference.lookup_key or "")
    if elsewhere is not None and elsewhere[1].mode == mode:
        name = elsewhere[1].display_name
        return Refusal(FIELD, f"This price belongs to {name}, but {account.display_name} is connected.")
    if elsewhere is not None or is_of_other_mode(gateway, reference.stripe_price_id):
        twin = twin_words(session, account, elsewhere[0] if elsewhere else None)
        return Refusal(FIELD, f"This price exists in {other} mode; paste its {mode} twin.{twin}")
    return Refusal(
        FIELD, f"{account.display_name} has no price with this ID in {mode} mode. Copy it from Stripe again."
    )


def unknown_key(mode: str, other: str, elsewhere: tuple[Price, ProcessorAccount] | None, lookup_key: str) -> Refusal:
    if elsewhere is not None and elsewhere[1].mode == other:
        words = f"A price with this lookup key exists in {other} mode. Give its {mode} twin the same key in Stripe."
        return Refusal(FIELD, words)
    return Refusal(FIELD, f"No price in {mode} mode has the lookup key “{lookup_key}”. A Price ID starts with price_.")


def held_elsewhere(
    session: Session, account: ProcessorAccount, reference: Reference
) -> tuple[Price, ProcessorAccount] | None:
    """The stored price of another account or mode."""
    means_it = (
        Price.stripe_price_id == reference.stripe_price_id
        if reference.stripe_price_id is not None
        else Price.lookup_key == reference.lookup_key
    )
    found = session.execute(
        select(Price, ProcessorAccount)
        .join(ProcessorAccount, ProcessorAccount.id == Price.processor_account_id)
        .where(means_it, ProcessorAccount.id != account.id, Price.deleted_at.is_(None))
        .order_by(ProcessorAccount.state == "connected", Price.id.desc())
        .limit(1)
    ).first()
    return None if found is None else (found[0], found[1])


def is_of_other_mode(gateway: StripeGateway, price_id: str) -> bool:
    """Stripe's hint, if it answers; without it the refusal is only less helpful."""
    try:
        return gateway.is_price_of_other_mode(price_id)
    except StripeProblem:
        return False


def twin_words(session: Session, account: ProcessorAccount, other: Price | None) -> str:
    """Names the account's price with the same lookup key, which usually is the twin."""
    if other is None or other.lookup_key is None:
        return ""
    twin_id = session.scalar(
        select(Price.stripe_price_id)
        .where(Price.processor_account_id == account.id, Price.lookup_key == other.lookup_key, Price.active)
        .limit(1)
    )
    return f" {twin_id} has the same lookup key." if twin_id else ""
