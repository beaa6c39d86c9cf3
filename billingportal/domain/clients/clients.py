"""Finds, creates and changes clients. `entitlements.evaluation` works out their entitlements."""

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.clients import workspaces
from billingportal.domain.common import audit
from billingportal.domain.common.audit import Author
from billingportal.domain.common.email_addresses import canonical_address, checked_address
from billingportal.domain.common.locks import CLIENTS, take_turns
from billingportal.domain.entitlements import evaluation
from billingportal.domain.outgoing_webhooks.client_events import record_client_event
from billingportal.errors import AlreadyTaken, Conflict, Refusal
from billingportal.models import Client, Plan
from billingportal.models.clients.client import ClientSource
from billingportal.models.connection.processor_account import Mode

LONGEST_NAME = 120
LONGEST_EXTERNAL_ID = 120
LONGEST_NOTES = 10_000
STAFF = Author("staff")


@dataclass(frozen=True)
class ClientTerms:
    """The typed terms of a client."""

    name: str
    email: str
    external_id: str | None = None


@dataclass(frozen=True)
class ClientDraft:
    """A client to create, with its first workspace if one is named, and the actor who creates it.

    `is_rehearsal`: a throw-away client of a rehearsal.
    """

    mode: Mode
    name: str
    email: str
    source: ClientSource
    external_id: str | None = None
    base_plan_id: int | None = None
    workspace_name: str | None = None
    workspace_external_id: str | None = None
    author: Author = STAFF
    is_rehearsal: bool = False


def find_client(session: Session, client_id: int, mode: Mode | None = None) -> Client | None:
    """The client, archived or not; None when it does not exist or is not of the given mode."""
    client = session.get(Client, client_id)
    return client if client is not None and mode in (None, client.mode) else None


def lock_client(session: Session, client_id: int) -> Client:
    """The client, read again and locked until the transaction ends. Raises Refusal when there is none."""
    client = session.get(Client, client_id, populate_existing=True, with_for_update={"key_share": True})
    if client is None:
        raise Refusal("", "There is no such client.")
    return client


def create_client(session: Session, draft: ClientDraft) -> Client:
    """Create a client and evaluate its entitlement. Raises Refusal naming the field."""
    take_turns(session, CLIENTS)
    terms = checked_terms(session, ClientTerms(draft.name, draft.email, draft.external_id), draft.mode)
    refuse_no_base(session, draft.base_plan_id)
    client = Client(
        mode=draft.mode,
        name=terms.name,
        email=terms.email,
        canonical_email=canonical_address(terms.email),
        external_id=terms.external_id,
        source=draft.source,
        base_plan_id=draft.base_plan_id,
        is_rehearsal=draft.is_rehearsal,
        created_at=now(),
    )
    session.add(client)
    session.flush()
    record_client(session, client, "client.created", f"{client.name} became a client", draft.author)
    record_client_event(session, client, "client.created")
    if draft.workspace_name or draft.workspace_external_id:
        typed = draft.workspace_name or client.name
        workspaces.create_workspace(session, client, typed, draft.workspace_external_id, author=draft.author)
    else:
        evaluation.evaluate(session, client.id)
    return client


def update_client(
    session: Session, client_id: int, terms: ClientTerms, *, revision: int | None, author: Author
) -> Client:
    """Change the client's terms. Raises Refusal, and Conflict when the client was changed since `revision`, if any."""
    take_turns(session, CLIENTS)
    client = lock_client(session, client_id)
    clean = checked_terms(session, terms, client.mode, except_id=client.id)
    if clean == terms_of(client):
        return client
    if revision not in (None, client.revision):
        raise Conflict("Somebody changed this client since you opened it. Open it again to see it as it is now.")
    words = change_words(terms_of(client), clean)
    canonical_email = canonical_address(clean.email)
    if canonical_email != client.canonical_email:
        # The owner of the old address has links, and may be signed in.
        client.withdraw_access()
        words += ". Older billing links and sign-ins ended"
    client.name, client.email, client.external_id = clean.name, clean.email, clean.external_id
    client.canonical_email = canonical_email
    client.revision += 1
    record_client(session, client, "client.changed", words, author)
    return client


def write_notes(session: Session, client_id: int, notes: str, *, revision: int, staff_id: int) -> Client:
    """Replace staff's notes on a client. Raises Refusal, and Conflict when the client was changed since `revision`."""
    client = lock_client(session, client_id)
    clean = "\n".join(notes.splitlines()).strip()
    if clean == client.notes:
        return client
    if len(clean) > LONGEST_NOTES:
        raise Refusal("notes", f"Use at most {LONGEST_NOTES:,} characters; these are {len(clean):,}.")
    if client.revision != revision:
        raise Conflict("Somebody changed this client since you opened it. Copy your text, and open the page again.")
    client.notes = clean
    client.revision += 1
    record_client(session, client, "client.notes_changed", "Changed the notes", audit.by_staff(staff_id))
    return client


def terms_of(client: Client) -> ClientTerms:
    return ClientTerms(client.name, client.email, client.external_id)


def change_words(before: ClientTerms, after: ClientTerms) -> str:
    """The changes in one sentence."""
    changes = []
    if after.name != before.name:
        changes.append(f"name from {before.name} to {after.name}")
    if after.email != before.email:
        changes.append(f"email from {before.email} to {after.email}")
    if after.external_id != before.external_id:
        changes.append(f"external ID from {before.external_id or 'none'} to {after.external_id or 'none'}")
    return f"Changed {', '.join(changes)}"


def checked_terms(session: Session, terms: ClientTerms, mode: Mode, except_id: int = 0) -> ClientTerms:
    """The terms without needless blanks. Raises Refusal naming the field."""
    name = " ".join(terms.name.split())
    if not name:
        raise Refusal("name", "Enter the name of the business.")
    if len(name) > LONGEST_NAME:
        raise Refusal("name", f"Use at most {LONGEST_NAME} characters; these are {len(name)}.")
    if not terms.email.strip():
        raise Refusal("email", "Enter the email address that billing letters go to.")
    email = checked_address(terms.email)
    external_id = (terms.external_id or "").strip() or None
    refuse_external_id(session, external_id, mode, except_id)
    return ClientTerms(name, email, external_id)


def refuse_external_id(session: Session, external_id: str | None, mode: Mode, except_id: int) -> None:
    if external_id is None:
        return
    if len(external_id) > LONGEST_EXTERNAL_ID:
        raise Refusal("external_id", f"Use at most {LONGEST_EXTERNAL_ID} characters; these are {len(external_id)}.")
    taken = exists().where(Client.mode == mode, Client.external_id == external_id, Client.id != except_id)
    if session.scalar(select(taken)):
        raise AlreadyTaken("external_id", "Another client has this ID already.")


def refuse_no_base(session: Session, plan_id: int | None) -> None:
    """Raises Refusal for a plan that is priced, on request, archived or missing."""
    if plan_id is None:
        return
    plan = session.get(Plan, plan_id)
    if plan is None or plan.state == "archived":
        raise Refusal("plan", "This plan is archived or gone. Choose another one.")
    if plan.is_priced or plan.is_on_request:
        raise Refusal("plan", f"{plan.name} has a price, so it cannot be had for nothing. Give it by hand instead.")


def record_client(session: Session, client: Client, action: str, words: str, author: Author) -> None:
    """Record an act on a client in the audit log."""
    audit.record_act(session, audit.act_of(author, action, words, ("client", client.id)))
