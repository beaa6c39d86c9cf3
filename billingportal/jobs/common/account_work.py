"""Runs work for connected accounts: opens each gateway; an account's Stripe problem does not stop the others."""

import logging
from collections.abc import Callable, Iterable

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.connection.processor_accounts import gateway_of, request_check
from billingportal.models import ProcessorAccount
from billingportal.portal import Portal
from billingportal.stripe_gateway.errors import KeyRejected, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen

log = logging.getLogger(__name__)

AccountWork = Callable[[StripeGateway, int], object]


def work_on_each(portal: Portal, account_ids: Iterable[int], work: AccountWork) -> None:
    """Do the work of these accounts, one after the other."""
    for account_id in account_ids:
        work_on(portal, account_id, work)


def work_on(portal: Portal, account_id: int, work: AccountWork) -> None:
    """Do one account's work. A problem with its key or with Stripe is logged, and has the account checked."""
    with transaction() as session:
        account = session.get_one(ProcessorAccount, account_id)
        try:
            gateway = gateway_of(account, portal.vault, portal.open_gateway)
        except CannotOpen:
            request_check(account, now())
            return
    try:
        work(gateway, account_id)
    except StripeProblem as problem:
        log.warning("account %s: %s (request %s)", account_id, problem.message, problem.request_id)
        if isinstance(problem, KeyRejected):
            with transaction() as session:
                request_check(session.get_one(ProcessorAccount, account_id), now())
