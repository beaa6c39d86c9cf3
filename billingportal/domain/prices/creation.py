"""Creates a price at Stripe, with its product and its meter where they are new."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.common.locks import CATALOG, take_turns
from billingportal.domain.prices.drafts import NewMeter, NewProduct, PriceDraft
from billingportal.domain.prices.stored_prices import held_by_id, product_of
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER, PRICE, PRODUCT
from billingportal.errors import Refusal
from billingportal.models import AuditEntry, Meter, Price, Product
from billingportal.stripe_gateway.errors import RequestRefused, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.catalog import NewPrice


@dataclass(frozen=True)
class Creating:
    """One form, however often it is sent. `token` was made with the form: the same form with the same answers is
    the same request to Stripe, so a double click or a lost answer creates nothing twice."""

    transaction: Transaction
    gateway: StripeGateway
    account_id: int
    token: str
    staff_id: int

    def key(self, what: str, content: object) -> str:
        """An idempotency key that changes with the answers, since Stripe refuses another request under an old one."""
        digest = hashlib.sha256(repr(content).encode()).hexdigest()[:16]
        return f"{self.account_id}-{self.token}-{what}-{digest}"


def begin_creation(session: Session, creating: Creating, draft: PriceDraft) -> None:
    """Check the draft and record the request. Raises FormErrors.

    A recorded request is not checked again: its own lookup key and meter may be in the catalog by now.
    """
    take_turns(session, CATALOG)
    intent = ("price_form", creating.key("draft", draft))
    if is_recorded(session, "price.requested", intent):
        return
    check_draft(session, creating.account_id, draft)
    record_creation(session, creating, "price.requested", "Asked Stripe to create a price", intent)


def is_recorded(session: Session, action: str, subject: tuple[str, str]) -> bool:
    entries = select(AuditEntry.id).where(AuditEntry.subject_type == subject[0], AuditEntry.subject_id == subject[1])
    return session.scalar(entries.where(AuditEntry.action == action).limit(1)) is not None


def record_creation(session: Session, creating: Creating, action: str, summary: str, subject: tuple[str, str]) -> None:
    audit.record_act(
        session,
        audit.Act(
            action,
            summary,
            staff_id=creating.staff_id,
            subject=subject,
            processor_account_id=creating.account_id,
        ),
    )


def check_draft(session: Session, account_id: int, draft: PriceDraft) -> None:
    """Check the draft against the account's catalog. Raises FormErrors."""
    checks = (
        product_mistake(session, account_id, draft),
        meter_mistake(session, account_id, draft),
        lookup_key_mistake(session, account_id, draft),
    )
    refusals = [refusal for refusal in checks if refusal is not None]
    if refusals:
        raise FormErrors(refusals)


def product_mistake(session: Session, account_id: int, draft: PriceDraft) -> Refusal | None:
    if isinstance(draft.product, NewProduct):
        return None
    known = select(Product.id).where(
        Product.processor_account_id == account_id, Product.stripe_product_id == draft.product, Product.active
    )
    is_known = session.scalar(known.where(Product.deleted_at.is_(None))) is not None
    return None if is_known else Refusal("product", "Choose one of the active products, or a new one.")


def meter_mistake(session: Session, account_id: int, draft: PriceDraft) -> Refusal | None:
    if draft.meter is None:
        return None
    active = select(Meter).where(Meter.processor_account_id == account_id, Meter.status == "active")
    if isinstance(draft.meter, str):
        is_known = session.scalar(active.where(Meter.stripe_meter_id == draft.meter)) is not None
        return None if is_known else Refusal("meter", "Choose one of the active meters, or a new one.")
    same = session.scalar(active.where(Meter.event_name == draft.meter.event_name).limit(1))
    if same is None:
        return None
    return Refusal("event_name", f"The meter {same.display_name} counts these events already. Choose it above.")


def lookup_key_mistake(session: Session, account_id: int, draft: PriceDraft) -> Refusal | None:
    if draft.lookup_key is None or draft.moves_lookup_key:
        return None
    holder = session.scalar(
        select(Price.stripe_price_id).where(
            Price.processor_account_id == account_id, Price.lookup_key == draft.lookup_key, Price.deleted_at.is_(None)
        )
    )
    if holder is None:
        return None
    return Refusal("lookup_key", f"{holder} has this lookup key. Choose another one, or move it to the new price.")


def create_price(creating: Creating, draft: PriceDraft) -> str:
    """Create the price at Stripe and store it; returns its id. Call it with no transaction open.

    After any failure, sending the form again completes the creation. Raises FormErrors and Refusal.
    """
    with creating.transaction() as session:
        begin_creation(session, creating, draft)
    try:
        price_id = create_at_stripe(creating, draft)
    except RequestRefused as problem:
        raise Refusal("", f"Stripe refused this: {problem.message}") from None
    except RightMissing as problem:
        raise Refusal("", f"The key may not create prices. Stripe says: {problem.message}") from None
    except StripeProblem as problem:
        words = f"Stripe did not answer ({problem.message}). Press Create again: nothing is made twice."
        raise Refusal("", words) from None
    with creating.transaction() as session:
        end_creation(session, creating, price_id)
    return price_id


def end_creation(session: Session, creating: Creating, price_id: str) -> None:
    """Record the created price, once for a form that was sent twice."""
    take_turns(session, CATALOG)
    if is_recorded(session, "price.created", ("price", price_id)):
        return
    price = held_by_id(session, creating.account_id, price_id)
    product = product_of(session, price) if price else None
    summary = f"Created the price {price_id} of {product.name if product else 'a product'} in Stripe"
    record_creation(session, creating, "price.created", summary, ("price", price_id))


def create_at_stripe(creating: Creating, draft: PriceDraft) -> str:
    gateway = creating.gateway
    product_id = draft.product if isinstance(draft.product, str) else create_product(creating, draft.product)
    meter_id = create_meter(creating, draft.meter) if isinstance(draft.meter, NewMeter) else draft.meter
    new = price_of(draft, product_id, meter_id)
    price_id = gateway.create_price(new, creating.key("price", new))
    for kind, object_id in ((PRODUCT, product_id), (METER, meter_id), (PRICE, price_id)):
        if object_id is not None:
            reconciliation.refresh(creating.transaction, gateway, creating.account_id, kind, object_id)
    return price_id


def create_product(creating: Creating, new: NewProduct) -> str:
    return creating.gateway.create_product(new.name, new.description, creating.key("product", new))


def create_meter(creating: Creating, new: NewMeter) -> str:
    key = creating.key("meter", new)
    return creating.gateway.create_meter(new.display_name, new.event_name, new.aggregation, key)


def price_of(draft: PriceDraft, product_id: str, meter_id: str | None) -> NewPrice:
    terms = draft.terms
    return NewPrice(
        stripe_product_id=product_id,
        currency=terms.currency,
        unit_amount=None if terms.tiers_mode else terms.unit_amount,
        tiers=[(tier.up_to, tier.unit_amount, tier.flat_amount) for tier in terms.tiers],
        tiers_mode=terms.tiers_mode,
        package=None if terms.package is None else (terms.package.size, terms.package.rounding),
        interval=draft.interval,
        interval_count=draft.interval_count,
        stripe_meter_id=meter_id,
        lookup_key=draft.lookup_key,
        moves_lookup_key=draft.moves_lookup_key,
        tax_behavior=draft.tax_behavior,
    )
