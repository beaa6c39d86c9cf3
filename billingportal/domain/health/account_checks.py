"""Checks the stored secrets and the connected Stripe accounts. Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from billingportal.domain.connection import stored_secrets
from billingportal.domain.health.doctor import Finding
from billingportal.models import EventDestination, ProcessorAccount, WebhookEndpoint
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.errors import KeyRejected, StripeProblem
from billingportal.vault import CannotOpen, Vault

PAGE = "SaaS > Payment Processor"
OTHER_KEYS = (
    "Start with the secret keys that sealed it (key file or PORTAL_SECRET_KEYS), or paste the Stripe key again."
)


@dataclass(frozen=True)
class Patient:
    """The data of one account, to be examined once no transaction is open any more."""

    name: str
    key: str | None = field(repr=False)
    webhook: Finding
    usage_errors: Finding


def examine_secrets(session: Session, vault: Vault) -> Iterator[Finding]:
    """Whether every stored secret can be opened with the keys that the portal was started with."""
    count = stored_secrets.count(session.connection(), vault)
    if count.lost:
        yield Finding("fail", f"{count.lost} of {count.total} stored secrets cannot be opened", OTHER_KEYS)
    else:
        yield Finding("ok", f"All {count.total} stored secrets can be opened")


def patients(session: Session, vault: Vault) -> list[Patient]:
    """The connected accounts with their stored data."""
    rows = session.scalars(
        select(ProcessorAccount)
        .where(ProcessorAccount.state == "connected")
        .options(joinedload(ProcessorAccount.endpoint), joinedload(ProcessorAccount.destination))
        .order_by(ProcessorAccount.mode.desc())
    )
    return [
        Patient(
            f"{row.display_name} ({row.mode})",
            opened(vault, row.key_sealed or ""),
            examine_webhook(row.endpoint),
            examine_destination(row.destination),
        )
        for row in rows
    ]


def opened(vault: Vault, sealed: str) -> str | None:
    try:
        return vault.open_(sealed)
    except CannotOpen:
        return None


def examine_webhook(endpoint: WebhookEndpoint | None) -> Finding:
    """The result of the webhook's last check."""
    state = endpoint.state if endpoint else "waiting"
    if endpoint is None or state == "waiting":
        return Finding("warn", "Webhook: not tried yet", "Start the worker; it registers the webhook within seconds.")
    if state == "registered":
        return Finding("ok", f"Webhook: registered for {endpoint.url}")
    if state == "unreachable":
        advice = "Events are read every few seconds instead. Set PORTAL_PUBLIC_URL to a public https address."
        return Finding("warn", "Webhook: Stripe cannot reach this portal", advice)
    return Finding("fail", f"Webhook: {endpoint.problem or state}", f"Open {PAGE} and try again.")


def examine_destination(destination: EventDestination | None) -> Finding:
    """How reports about usage errors come: by the event destination, or read every minute, which misses none."""
    state = destination.state if destination else "waiting"
    if destination is None or state == "waiting":
        return Finding("warn", "Usage errors: not tried yet", "Start the worker; it registers within seconds.")
    if state == "registered":
        return Finding("ok", f"Usage errors: registered for {destination.url}")
    why = f" ({destination.problem})" if destination.problem else ""
    return Finding("ok", f"Usage errors: read every minute{why}")


def examine_accounts(found: list[Patient], open_gateway: OpenGateway) -> Iterator[Finding]:
    """Ask Stripe whether each key works. Call it with no transaction open."""
    if not found:
        yield Finding("warn", "No Stripe account is connected", f"Open {PAGE} and paste a secret key.")
    for patient in found:
        yield examine_key(patient, open_gateway)
        for found_before in (patient.webhook, patient.usage_errors):
            yield Finding(found_before.state, f"{patient.name}: {found_before.what}", found_before.advice)


def examine_key(patient: Patient, open_gateway: OpenGateway) -> Finding:
    if patient.key is None:
        return Finding("fail", f"{patient.name}: the stored key cannot be opened", OTHER_KEYS)
    try:
        open_gateway(patient.key).account()
    except KeyRejected as problem:
        return Finding("fail", f"{patient.name}: {problem.message}", f"Open {PAGE} and paste a working key.")
    except StripeProblem as problem:
        return Finding("fail", f"{patient.name}: {problem.message}", "Is Stripe reachable from here? Try again soon.")
    return Finding("ok", f"{patient.name}: Stripe answers")
