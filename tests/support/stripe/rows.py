"""What the portal holds and what the sandbox holds, in a form in which they can be compared."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.sync import mirror_rows
from billingportal.domain.sync.object_types import KINDS
from billingportal.models import StripeEvent
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.copies import Copy
from billingportal.stripe_gateway.objects.payments import InvoicePaymentCopy
from tests.support.stripe.sandbox import SandboxClient

# Stripe has no list of these: what no event told of is not known here.
UNLISTED = ("payment_method", "checkout.session", "test_helpers.test_clock")
# By kind and id; None for an object that is gone.
Holdings = dict[tuple[str, str], Copy | None]


def held_here(session: Session, processor_account_id: int) -> Holdings:
    """Every row of an account."""
    session.rollback()
    found: Holdings = {}
    for kind in KINDS.values():
        owned = select(kind.table).where(kind.table.c.processor_account_id == processor_account_id)
        for row in session.execute(owned).mappings().all():
            held = mirror_rows.state_of(session, kind, row)
            found[kind.name, row[kind.id_column]] = None if held.is_deleted else held.copy
    session.rollback()
    return found


def held_at_stripe(sandbox: SandboxClient, account_id: str, mode: str = "test") -> Holdings:
    """Every object of an account in the sandbox, nothing hidden."""
    found: Holdings = {}
    prices = {price["id"]: price for price in sandbox.objects(account_id, mode, "price")}
    for kind in KINDS:
        for source in sandbox.objects(account_id, mode, kind):
            # Behind its stage the sandbox names an item's price by its id only.
            for item in source.get("items", {}).get("data", []):
                item["price"] = prices[item["price"]]
            found[kind, source["id"]] = None if source.get("deleted") else parsing.copy_of(source)
    return found


def assert_same(here: Holdings, at_stripe: Holdings) -> None:
    """Every row equals its object. An object that is gone may have no row, as nobody could tell what it was."""
    wrong = {
        key: (here.get(key), at_stripe.get(key))
        for key in here.keys() | at_stripe.keys()
        if here.get(key) != at_stripe.get(key) and (key in here or not is_untold(key[0], at_stripe.get(key)))
    }
    assert not wrong, "\n".join(f"{key}: here {ours}, at Stripe {theirs}" for key, (ours, theirs) in wrong.items())


def is_untold(kind: str, copy: Copy | None) -> bool:
    """Whether no event need have told of an object. A payment is told of once it is paid."""
    return kind in UNLISTED or (isinstance(copy, InvoicePaymentCopy) and copy.status != "paid")


def event_states(session: Session, processor_account_id: int) -> dict[str, str]:
    """The state of each event in an account's inbox, by its id at Stripe. Raises AssertionError for a double."""
    session.rollback()
    rows = session.execute(
        select(StripeEvent.stripe_event_id, StripeEvent.state).where(
            StripeEvent.processor_account_id == processor_account_id
        )
    ).all()
    session.rollback()
    states = {event_id: str(state) for event_id, state in rows}
    assert len(states) == len(rows), "an event is in the inbox twice"
    return states
