"""Keeps exactly one webhook endpoint of ours at Stripe: right address, right events, switched on, secret known."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.connection.preflight import MOST_ENDPOINTS
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.models import ProcessorAccount, WebhookEndpoint
from billingportal.models.connection.webhook_endpoint import EndpointState
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing
from billingportal.stripe_gateway.gateway import API_VERSION, StripeGateway
from billingportal.stripe_gateway.objects.connection import WebhookEndpointCopy
from billingportal.vault import Vault

WEBHOOK_PATH = "/webhooks/stripe/"
LABEL = "billing_portal_endpoint"
# Stripe retries a delivery for three days, each time signed with the secret of the endpoint it was made for.
PREVIOUS_SECRET_LASTS = timedelta(days=4)
GONE_WORDS = "The webhook endpoint was gone from Stripe; registered it again."
VERSION_WORDS = f"The webhook spoke another API version; it speaks {API_VERSION} now."


@dataclass
class Outcome:
    """The registration's state after a check, the repairs in words, and how many endpoints they added."""

    state: EndpointState
    problem: str | None = None
    repairs: list[str] = field(default_factory=list)
    added: int = 0


@dataclass(frozen=True)
class Survey:
    """The account's endpoints in one listing: ours as registered, stale ones of ours, others at this address."""

    everything: list[WebhookEndpointCopy]
    ours: WebhookEndpointCopy | None
    stale: list[WebhookEndpointCopy]
    others_here: list[WebhookEndpointCopy]


@dataclass(frozen=True)
class Registered:
    """Our own record of the registration. An endpoint without its secret is of no use, so its id is None then."""

    row_id: int
    token: str
    stripe_webhook_endpoint_id: str | None

    @classmethod
    def of(cls, row: WebhookEndpoint) -> "Registered":
        return cls(row.id, row.token, row.stripe_webhook_endpoint_id if row.secret_sealed is not None else None)


def address(public_url: str, token: str) -> str:
    """The URL to which Stripe delivers this account's events."""
    return f"{public_url}{WEBHOOK_PATH}{token}"


def survey(endpoints: list[WebhookEndpointCopy], mine: Registered, public_url: str) -> Survey:
    """Sort the account's endpoints. Stale are duplicates of ours, and older ones of a portal at this address."""
    ours = next((one for one in endpoints if one.stripe_webhook_endpoint_id == mine.stripe_webhook_endpoint_id), None)
    rest = [one for one in endpoints if one is not ours]
    here = [one for one in rest if one.url.startswith(f"{public_url}{WEBHOOK_PATH}")]
    stale = [one for one in rest if one.labels.get(LABEL) == mine.token or (one in here and LABEL in one.labels)]
    return Survey(endpoints, ours, stale, [one for one in here if one not in stale])


def wrongs(endpoint: WebhookEndpointCopy, url: str) -> list[str]:
    """The repairs that an update of our endpoint makes, in words for the audit log."""
    found = []
    if not endpoint.is_enabled:
        found.append("The webhook endpoint was disabled in Stripe; switched it on again.")
    if endpoint.url != url:
        found.append(f"The webhook address was {endpoint.url}; set it to {url}.")
    if endpoint.enabled_events != frozenset(DELIVERED_EVENTS):
        found.append("The event list of the webhook was out of date; brought it up to date.")
    return found


def ensure(
    transaction: Transaction,
    gateway: StripeGateway,
    vault: Vault,
    endpoint_id: int,
    found: Survey,
    url: str,
) -> Outcome:
    """Register the endpoint, or repair it. Raises a StripeProblem only when Stripe cannot be asked."""
    outcome = Outcome("registered")
    try:
        for one in found.stale:
            remove_endpoint(gateway, one, outcome)
            outcome.repairs.append(f"Removed an old webhook endpoint of ours, {one.stripe_webhook_endpoint_id}.")
        if found.ours is not None and found.ours.api_version != API_VERSION:
            remove_endpoint(gateway, found.ours, outcome)
            create_endpoint(transaction, gateway, vault, endpoint_id, url, outcome, VERSION_WORDS)
        elif found.ours is None or not repair(gateway, found.ours, url, outcome):
            create_endpoint(transaction, gateway, vault, endpoint_id, url, outcome, GONE_WORDS)
    except RightMissing as problem:
        return Outcome("refused", f"The key may not register webhooks. {problem.message}", outcome.repairs)
    except RequestRefused as problem:
        return refused(problem, found, outcome)
    return outcome


def remove_endpoint(gateway: StripeGateway, endpoint: WebhookEndpointCopy, outcome: Outcome) -> None:
    gateway.delete_webhook_endpoint(endpoint.stripe_webhook_endpoint_id)
    outcome.added -= 1


def repair(gateway: StripeGateway, ours: WebhookEndpointCopy, url: str, outcome: Outcome) -> bool:
    """Repair the endpoint by an update. False when the endpoint was deleted since it was listed."""
    to_mend = wrongs(ours, url)
    if to_mend:
        try:
            gateway.update_webhook_endpoint(ours.stripe_webhook_endpoint_id, url, DELIVERED_EVENTS)
        except NotThere:
            return False
        outcome.repairs += to_mend
    return True


def create_endpoint(
    transaction: Transaction,
    gateway: StripeGateway,
    vault: Vault,
    endpoint_id: int,
    url: str,
    outcome: Outcome,
    words: str,
) -> None:
    """Register a new endpoint, and report a repair if it is not the first one.

    The attempt is counted first, so that its idempotency key belongs to it alone.
    """
    with transaction() as session:
        row = session.get_one(WebhookEndpoint, endpoint_id, with_for_update=True)
        row.registrations += 1
        token, attempt = row.token, row.registrations
        was_registered = row.registered_at is not None
    made = gateway.create_webhook_endpoint(
        url, DELIVERED_EVENTS, {LABEL: token}, idempotency_key=f"webhook-endpoint-{token}-{attempt}"
    )
    moment = now()
    with transaction() as session:
        row = session.get_one(WebhookEndpoint, endpoint_id, with_for_update=True)
        is_wanted = row.registrations == attempt and is_connected(session, row)
        if is_wanted:
            accept(row, vault, made, url, moment)
    if not is_wanted:
        # Disconnected meanwhile, or another worker has begun to register too: one endpoint is enough.
        gateway.delete_webhook_endpoint(made.stripe_webhook_endpoint_id)
        return
    outcome.added += 1
    if was_registered:
        outcome.repairs.append(words)


def is_connected(session: Session, row: WebhookEndpoint) -> bool:
    return session.get_one(ProcessorAccount, row.processor_account_id).state == "connected"


def accept(row: WebhookEndpoint, vault: Vault, made: WebhookEndpointCopy, url: str, moment: datetime) -> None:
    """Seal the secret at once: Stripe shows it this one time."""
    if made.secret is None:
        raise RequestRefused("Stripe did not tell the signing secret of the new webhook endpoint.")
    row.keep_secret(vault.seal(made.secret), moment + PREVIOUS_SECRET_LASTS)
    row.stripe_webhook_endpoint_id = made.stripe_webhook_endpoint_id
    row.url = url
    row.registered_at = moment


def refused(problem: RequestRefused, found: Survey, outcome: Outcome) -> Outcome:
    """The outcome after Stripe refused: at 16 endpoints the words name one that could be deleted."""
    if len(found.everything) - len(found.stale) < MOST_ENDPOINTS:
        return Outcome("refused", f"Stripe refused the webhook: {problem.message}", outcome.repairs)
    spare = sorted(found.everything, key=lambda one: (one.is_enabled, one.url))[0]
    state = "is disabled" if not spare.is_enabled else "may be one you no longer need"
    words = (
        f"All {MOST_ENDPOINTS} webhook endpoints of this Stripe account are taken. Delete one in Stripe under "
        f"Developers, Webhooks, then try again. {spare.url} {state}."
    )
    return Outcome("full", words, outcome.repairs)
