"""Connects a Stripe account by its secret key, or replaces the key of the connected one."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.connection import secret_keys
from billingportal.domain.connection.processor_accounts import (
    catch_up_of,
    connected,
    destination_of,
    endpoint_of,
    request_check,
)
from billingportal.domain.connection.secret_keys import FIELD, SecretKey
from billingportal.errors import Refusal
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.errors import KeyExpired, KeyRejected, RightMissing, StripeProblem, TooManyRequests
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import AccountCopy
from billingportal.vault import Vault


@dataclass(frozen=True)
class Verified:
    """A key that Stripe accepted, and the account behind it."""

    key: SecretKey
    account: AccountCopy
    is_same_as: int | None


def connect(
    transaction: Transaction, open_gateway: OpenGateway, vault: Vault, pasted: str, *, staff_id: int | None
) -> Mode:
    """Verify a pasted key at Stripe and store it sealed. The worker then registers the webhook.

    A key of another account than the connected one is stored as an offer until `switch` or `decline`.
    Returns the key's mode. Raises Refusal; then nothing is stored.
    """
    key = secret_keys.read_key(pasted)
    gateway = open_gateway(key.text)
    account = verify_key(gateway, key)
    with transaction() as session:
        current = connected(session, key.mode)
        endpoint_id = current.endpoint.stripe_webhook_endpoint_id if current and current.endpoint else None
        current_id = current.id if current else None
    is_same = account.stripe_account_id is None and owns_endpoint(gateway, endpoint_id)
    verified = Verified(key, account, current_id if is_same else None)
    try:
        with transaction() as session:
            store_key(session, vault, verified, staff_id)
    except IntegrityError:
        # Two saves at once: the other one has added the row, which is found now.
        with transaction() as session:
            store_key(session, vault, verified, staff_id)
    return key.mode


def verify_key(gateway: StripeGateway, key: SecretKey) -> AccountCopy:
    """The account behind the key. Raises Refusal in words for the form."""
    try:
        account = gateway.account()
    except KeyExpired:
        raise Refusal(
            FIELD, "This key has expired or was rolled in Stripe. Copy the current one and paste it."
        ) from None
    except KeyRejected:
        raise Refusal(
            FIELD, "Stripe does not know this key. It may have been deleted, or not copied whole. Copy it again."
        ) from None
    except RightMissing as problem:
        raise Refusal(
            FIELD, f"This restricted key may not even read the balance. Stripe says: {problem.message}"
        ) from None
    except TooManyRequests:
        raise Refusal(
            FIELD, "Stripe is asked too often right now (429). Nothing was saved. Try again in a minute."
        ) from None
    except StripeProblem:
        raise Refusal(FIELD, "Stripe did not answer. Nothing was saved. Paste the key again in a minute.") from None
    if account.livemode is not (key.mode == "live"):
        raise Refusal(
            FIELD, "Stripe says that this key is of the other mode than its prefix. Copy it again from Stripe."
        )
    return account


def owns_endpoint(gateway: StripeGateway, endpoint_id: str | None) -> bool:
    """Whether the key's account has our registered endpoint: identifies the account of a key that may not read it."""
    if endpoint_id is None:
        return False
    try:
        endpoints = gateway.webhook_endpoints()
    except StripeProblem:
        return False
    return any(endpoint.stripe_webhook_endpoint_id == endpoint_id for endpoint in endpoints)


def store_key(session: Session, vault: Vault, verified: Verified, staff_id: int | None) -> None:
    current = connected(session, verified.key.mode)
    row = find_account(session, verified) or ProcessorAccount(
        stripe_account_id=verified.account.stripe_account_id, mode=verified.key.mode, state="offered", preflight=[]
    )
    session.add(row)
    forget_offers(session, verified.key.mode, besides=row)
    describe(row, verified.account)
    keep_key(row, vault, verified.key)
    if current is None or current is row:
        start_account(session, row, staff_id)
    else:
        row.state = "offered"
        session.flush()
        audit.record_act(
            session,
            audit.Act(
                "processor_account.offered",
                f"Pasted a key of {row.display_name} while {current.display_name} is connected",
                staff_id=staff_id,
                subject=("processor_account", row.id),
                processor_account_id=row.id,
            ),
        )


def find_account(session: Session, verified: Verified) -> ProcessorAccount | None:
    if verified.is_same_as is not None:
        return session.get(ProcessorAccount, verified.is_same_as)
    if verified.account.stripe_account_id is None:
        return None
    return session.scalar(
        select(ProcessorAccount).where(
            ProcessorAccount.stripe_account_id == verified.account.stripe_account_id,
            ProcessorAccount.mode == verified.key.mode,
        )
    )


def describe(row: ProcessorAccount, account: AccountCopy) -> None:
    """Copy Stripe's data of the account; fields that a restricted key may not read stay unchanged."""
    row.stripe_account_id = account.stripe_account_id or row.stripe_account_id
    row.name = account.name or row.name
    row.country = account.country or row.country
    row.currency = account.currency or row.currency
    if account.charges_enabled is not None:
        row.charges_enabled = account.charges_enabled
    row.clock_skew_seconds = account.clock_skew_seconds


def keep_key(row: ProcessorAccount, vault: Vault, key: SecretKey) -> None:
    row.key_sealed = vault.seal(key.text)
    row.key_prefix = key.prefix
    row.key_last_four = key.last_four
    row.key_state = "working"
    row.key_problem = None


def start_account(session: Session, row: ProcessorAccount, staff_id: int | None) -> None:
    moment = now()
    is_new = row.state != "connected"
    row.state = "connected"
    row.connected_at = moment if is_new else row.connected_at
    row.disconnected_at = None
    session.flush()
    endpoint_of(session, row)
    destination_of(session, row)
    catch_up_of(session, row)
    request_check(row, moment)
    verb = "Connected" if is_new else "Replaced the key of"
    audit.record_act(
        session,
        audit.Act(
            "processor_account.connected" if is_new else "processor_account.key_replaced",
            f"{verb} {row.display_name} in {row.mode} mode, key ending in {row.key_last_four}",
            staff_id=staff_id,
            subject=("processor_account", row.id),
            processor_account_id=row.id,
        ),
    )


def forget_offers(session: Session, mode: Mode, *, besides: ProcessorAccount | None = None) -> None:
    rows = session.scalars(
        select(ProcessorAccount).where(ProcessorAccount.mode == mode, ProcessorAccount.state == "offered")
    )
    for row in rows:
        if row is not besides:
            row.state = "disconnected"
            row.forget_key()
