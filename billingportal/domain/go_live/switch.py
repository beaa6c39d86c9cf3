"""Switches the mode in which the portal sells, and expires the checkouts of the mode that no longer sells.

The clients of both modes stay as they are: subscriptions renew, and their pages go on.
"""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.checkout import sessions as checkout_sessions
from billingportal.domain.common import audit
from billingportal.domain.common.locks import SELLING, take_turns
from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers.selling_mode import THE_ROW, selling_mode
from billingportal.domain.subscriptions.checkout_state import OPEN_STATES
from billingportal.errors import Refusal
from billingportal.models import Checkout, ProcessorAccount, SellingMode
from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import Json
from billingportal.stripe_gateway.gateway import StripeGateway

OTHER_MODE: dict[Mode, Mode] = {"test": "live", "live": "test"}
BATCH = 50


def current_switch(session: Session) -> SellingMode | None:
    """The setting, None before the first switch."""
    return session.get(SellingMode, THE_ROW)


def switch(session: Session, mode: Mode, open_items: Sequence[str], *, staff_id: int) -> None:
    """Sell in this mode from now on. `open_items` were open in the checklist: the audit log keeps them.

    A second call for the same mode changes nothing. Raises Refusal where Stripe is not connected in the mode.
    """
    take_turns(session, SELLING)
    if selling_mode(session) == mode:
        return
    if processor_accounts.connected(session, mode) is None:
        raise Refusal("", f"Stripe is not connected in {mode} mode.")
    row = session.get(SellingMode, THE_ROW) or SellingMode(id=THE_ROW)
    row.mode, row.switched_at, row.staff_id = mode, now(), staff_id
    session.add(row)
    details: dict[str, Json] = {"mode": mode, "open": list[Json](open_items)}
    words = f"Switched the portal to {mode} mode"
    audit.record_act(session, audit.Act("selling_mode.switched", words, staff_id=staff_id, details=details))


def count_left_checkouts(session: Session, mode: Mode) -> int:
    """How many open checkouts would expire if the portal sold in this mode."""
    return session.scalar(select(func.count(Checkout.id)).where(is_open_in(OTHER_MODE[mode]))) or 0


def is_open_in(mode: Mode) -> ColumnElement[bool]:
    accounts = select(ProcessorAccount.id).where(ProcessorAccount.mode == mode)
    return Checkout.state.in_(OPEN_STATES) & Checkout.processor_account_id.in_(accounts)


def accounts_with_left_checkouts(session: Session) -> list[int]:
    """Ids of the connected accounts with checkouts from before the switch to the other mode."""
    row = current_switch(session)
    if row is None or row.switched_at is None:
        return []
    found = (
        select(Checkout.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == Checkout.processor_account_id)
        .where(
            ProcessorAccount.mode == OTHER_MODE[row.mode],
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
            Checkout.state.in_(OPEN_STATES),
            Checkout.created_at < row.switched_at,
        )
    )
    return list(session.scalars(found))


def expire_left_checkouts(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Expire at Stripe the account's checkouts from before the switch. One that was paid meanwhile stays bought.

    An intent is opened first, since Stripe may have its session already. Raises a StripeProblem.
    """
    with transaction() as session:
        row = current_switch(session)
        since = row.switched_at if row and row.switched_at else now()
        found = session.execute(
            select(Checkout.id, Checkout.state)
            .where(
                Checkout.processor_account_id == account_id,
                Checkout.state.in_(OPEN_STATES),
                Checkout.created_at < since,
            )
            .order_by(Checkout.id)
            .limit(BATCH)
        ).all()
    for checkout_id, state in found:
        if state == "intended":
            with suppress(Refusal):
                checkout_sessions.open_session(transaction, gateway, checkout_id)
        checkout_sessions.withdraw_session(transaction, gateway, checkout_id)
