"""Our configuration of Stripe's customer portal: one per account, created on first use and kept up to date."""

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.branding import branding
from billingportal.models import PortalConfiguration, ProcessorAccount
from billingportal.stripe_gateway.errors import NotThere, RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.customer_portal import Flow, PortalLook, configuration_params

LONGEST_HEADLINE = 60


def open_session(
    transaction: Transaction, gateway: StripeGateway, account_id: int, customer_id: str, return_url: str, flow: Flow
) -> str:
    """Open a session in Stripe's customer portal and return its URL. Call it with no transaction open.

    A deleted or unusable configuration is repaired, once. Raises a StripeProblem.
    """
    configuration_id = configuration_for(transaction, gateway, account_id)
    try:
        return gateway.billing_portal.open_session(customer_id, configuration_id, return_url, flow)
    except (NotThere, RequestRefused):
        mended = repair_configuration(transaction, gateway, account_id, configuration_id)
        return gateway.billing_portal.open_session(customer_id, mended, return_url, flow)


def configuration_for(transaction: Transaction, gateway: StripeGateway, account_id: int) -> str:
    """The id of the account's configuration, created or updated first if necessary. Raises a StripeProblem."""
    with transaction() as session:
        look = look_of(session)
        row = row_of(session, account_id)
        known = (row.stripe_configuration_id, row.fingerprint) if row else None
    if known is None:
        return create_configuration(transaction, gateway, account_id, look, gone="")
    if known[1] != fingerprint(look):
        return update_configuration(transaction, gateway, account_id, look, known[0])
    return known[0]


def repair_configuration(
    transaction: Transaction, gateway: StripeGateway, account_id: int, configuration_id: str
) -> str:
    """Restore the configuration, or create a new one if it is gone. Returns its id."""
    with transaction() as session:
        look = look_of(session)
    return update_configuration(transaction, gateway, account_id, look, configuration_id)


def update_configuration(
    transaction: Transaction, gateway: StripeGateway, account_id: int, look: PortalLook, configuration_id: str
) -> str:
    try:
        gateway.billing_portal.update_configuration(configuration_id, look)
    except NotThere:
        return create_configuration(transaction, gateway, account_id, look, gone=configuration_id)
    return store_configuration(transaction, account_id, configuration_id, look)


def create_configuration(
    transaction: Transaction, gateway: StripeGateway, account_id: int, look: PortalLook, *, gone: str
) -> str:
    """Create a configuration. Concurrent calls send the same request and idempotency key, so Stripe creates one."""
    with transaction() as session:
        account = session.get_one(ProcessorAccount, account_id)
        told = (account.stripe_account_id, account.mode, str(account.connected_at), fingerprint(look), gone)
    digest = hashlib.sha256(repr(told).encode()).hexdigest()[:24]
    made = gateway.billing_portal.create_configuration(look, f"portal-configuration-{account_id}-{digest}")
    return store_configuration(transaction, account_id, made, look)


def store_configuration(transaction: Transaction, account_id: int, configuration_id: str, look: PortalLook) -> str:
    with transaction() as session:
        session.get_one(ProcessorAccount, account_id, with_for_update={"key_share": True})
        row = row_of(session, account_id) or PortalConfiguration(processor_account_id=account_id)
        row.stripe_configuration_id, row.fingerprint, row.updated_at = configuration_id, fingerprint(look), now()
        session.add(row)
    return configuration_id


def row_of(session: Session, account_id: int) -> PortalConfiguration | None:
    return session.scalar(select(PortalConfiguration).where(PortalConfiguration.processor_account_id == account_id))


def look_of(session: Session) -> PortalLook:
    """The headline and links of the portal, from the partner's branding. Stripe accepts only https URLs."""
    looks = branding.find_branding(session)
    if looks is None:
        return PortalLook(branding.DEFAULT_NAME, "", "")
    privacy, terms = (url if url.startswith("https://") else "" for url in (looks.privacy_url, looks.terms_url))
    return PortalLook(looks.name[:LONGEST_HEADLINE], privacy, terms)


def fingerprint(look: PortalLook) -> str:
    """A hash of the configuration's parameters: it changes when any of them does."""
    return hashlib.sha256(repr(configuration_params(look)).encode()).hexdigest()[:32]
