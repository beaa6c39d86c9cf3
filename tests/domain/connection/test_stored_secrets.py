import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.connection import stored_secrets
from billingportal.domain.outgoing_webhooks import endpoints
from billingportal.errors import Refusal
from billingportal.models import (
    AuditEntry,
    EventDestination,
    MailSettings,
    OutgoingEndpoint,
    ProcessorAccount,
    ReportKey,
    WebhookEndpoint,
)
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from billingportal.vault import Vault

LOST = Vault(("a key that was lost, and that is long enough",))


def seal_everything(vault: Vault) -> None:
    """A row with a value in every column that holds sealed ones."""
    account = ProcessorAccount(mode="test", state="connected", name="Harbor Dental", key_sealed=vault.seal("sk"))
    account.endpoint = WebhookEndpoint(
        token="t", state="registered", secret_sealed=vault.seal("s"), previous_secret_sealed=vault.seal("p")
    )
    account.destination = EventDestination(
        token="d", state="registered", secret_sealed=vault.seal("s"), previous_secret_sealed=vault.seal("p")
    )
    mail = MailSettings(
        id=1, host="mail.example.com", port=465, security="tls", username="post", sender="post@example.com"
    )
    mail.password_sealed, mail.updated_at = vault.seal("password"), now()
    address = OutgoingEndpoint(mode="test", url="https://platform.example/hooks", events=[], created_at=now())
    address.secret_sealed, address.secret_end, address.old_secret_sealed = vault.seal("w"), "abcd", vault.seal("o")
    with transaction() as session:
        session.add_all([account, mail, address, ReportKey(public_key="ab" * 32, created_at=now())])
        session.flush()
        session.query(ReportKey).one().private_key_sealed = vault.seal("r")


def drop_lost() -> list[str]:
    with transaction() as session:
        return stored_secrets.drop_lost(session, current_portal().vault)


def test_every_column_that_holds_sealed_values_is_emptied(session: Session) -> None:
    seal_everything(LOST)
    ours = current_portal().vault
    before = stored_secrets.count(session.connection(), ours)
    assert before == stored_secrets.Count(len(stored_secrets.sealed_columns()), len(stored_secrets.sealed_columns()))
    assert before.are_all_lost
    drop_lost()
    assert stored_secrets.count(session.connection(), ours) == stored_secrets.Count(0, 0)


def test_what_our_keys_open_is_kept_and_nothing_is_written_down(session: Session) -> None:
    seal_everything(current_portal().vault)
    assert drop_lost() == []
    assert stored_secrets.count(session.connection(), current_portal().vault) == stored_secrets.Count(9, 0)
    assert session.scalars(select(AuditEntry)).all() == []


def test_only_what_no_key_opens_is_dropped(session: Session) -> None:
    seal_everything(current_portal().vault)
    with transaction() as database:
        offered = ProcessorAccount(mode="live", state="offered", name="Other", key_sealed=LOST.seal("sk"))
        database.add(offered)
    count = stored_secrets.count(session.connection(), current_portal().vault)
    assert (count, count.are_all_lost) == (stored_secrets.Count(10, 1), False)
    assert drop_lost() == ["the secret key of Other (live) on SaaS > Payment Processor"]
    states = {row.name: (row.state, row.key_state) for row in session.scalars(select(ProcessorAccount))}
    assert states == {"Harbor Dental": ("connected", "working"), "Other": ("disconnected", "working")}


def test_an_address_without_its_secret_waits_until_the_secret_is_rotated(session: Session, owner: Staff) -> None:
    seal_everything(LOST)
    assert "the secret of https://platform.example/hooks, to be rotated on Settings > Outgoing webhooks" in drop_lost()
    address = session.scalars(select(OutgoingEndpoint)).one()
    assert (address.state, address.last_problem) == ("paused", stored_secrets.LOST_SIGNING_SECRET)
    with pytest.raises(Refusal, match="Rotate the secret first"), transaction() as writing:
        endpoints.switch_on(writing, "test", address.id, staff_id=owner.id)
    with transaction() as writing:
        vault = current_portal().vault
        endpoints.rotate_secret(writing, vault, "test", address.id, secret_end="abcd", staff_id=owner.id)
        endpoints.switch_on(writing, "test", address.id, staff_id=owner.id)
    session.expire_all()
    assert address.state == "on"
