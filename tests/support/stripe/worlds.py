"""A portal and the sandbox it is connected to, seen from both sides."""

from dataclasses import dataclass
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.connection import credentials
from billingportal.domain.connection.processor_accounts import connected, request_check
from billingportal.models import AuditEntry, CatchUp, EventDestination, ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import JsonObject
from billingportal.portal import Portal, current_portal
from tests.support.stripe import events
from tests.support.stripe.portals import work
from tests.support.stripe.rows import assert_same, held_at_stripe, held_here
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.stripe.shop import Shop


@dataclass(frozen=True)
class World:
    """Works inside an application context. What it returns was read afresh."""

    app: Flask
    sandbox: Sandbox
    stripe_account: SandboxAccount

    @property
    def portal(self) -> Portal:
        return current_portal()

    @property
    def session(self) -> Session:
        session = db.session()
        session.rollback()
        return session

    def connect(self, key: str | None = None) -> None:
        """Paste a key; the test key of the account unless said."""
        pasted = key or self.stripe_account.test_key
        credentials.connect(transaction, self.portal.open_gateway, self.portal.vault, pasted, staff_id=None)

    def work(self) -> None:
        """One pass of every job of the worker."""
        work(self.app)

    def check(self) -> None:
        """Have the connection checked now."""
        with transaction() as session:
            for row in session.scalars(select(ProcessorAccount).where(ProcessorAccount.state == "connected")):
                request_check(row, clock.now())
        self.work()

    def read_events(self) -> None:
        """Have catch-up read Stripe's events now, and settle them."""
        with transaction() as session:
            for row in session.scalars(select(CatchUp)):
                row.request(clock.now())
        self.work()
        self.work()

    def row(self, mode: Mode = "test") -> ProcessorAccount:
        """The connected account."""
        row = connected(self.session, mode)
        assert row is not None
        return row

    def endpoint(self) -> WebhookEndpoint:
        return self.session.scalars(select(WebhookEndpoint)).one()

    def catch_up(self) -> CatchUp:
        return self.session.scalars(select(CatchUp)).one()

    def events(self) -> list[StripeEvent]:
        return list(self.session.scalars(select(StripeEvent).order_by(StripeEvent.id)))

    def audited(self) -> list[str]:
        return list(self.session.scalars(select(AuditEntry.summary).order_by(AuditEntry.id)))

    def endpoints_at_stripe(self, mode: Mode = "test") -> list[dict[str, Any]]:
        found = self.sandbox.objects(self.stripe_account.id, mode, "webhook_endpoint")
        return [one for one in found if not one.get("deleted")]

    def change_endpoint(self, **changes: object) -> None:
        """Have somebody change the one endpoint at Stripe."""
        (endpoint,) = self.endpoints_at_stripe()
        self.sandbox.client(self.stripe_account.test_key).v1.webhook_endpoints.update(endpoint["id"], params=changes)  # type: ignore[arg-type]

    def delete_endpoint(self) -> None:
        (endpoint,) = self.endpoints_at_stripe()
        self.sandbox.client(self.stripe_account.test_key).v1.webhook_endpoints.delete(endpoint["id"])

    def destination(self) -> EventDestination:
        return self.session.scalars(select(EventDestination)).one()

    def destinations_at_stripe(self, mode: Mode = "test") -> list[dict[str, Any]]:
        """The event destinations, webhook endpoints left out."""
        found = self.sandbox.objects(self.stripe_account.id, mode, "v2.core.event_destination")
        return [one for one in found if not one.get("deleted")]

    def report_meter_errors(self, *errors: JsonObject, meter: str | None = None, **more: float) -> str:
        """Have Stripe reject meter events that it took; the id of the report's event."""
        given: dict[str, Any] = {"errors": list(errors), "meter": meter, **more}
        made = self.sandbox.control("meters/report", account=self.stripe_account.id, mode="test", **given)
        return str(made["event"])

    def shop(self, seed: int = 1) -> Shop:
        """The account's business."""
        return Shop(self.sandbox.client(self.stripe_account.test_key), Random(seed))

    def secret(self) -> str:
        """The signing secret that is stored, in clear."""
        sealed = self.endpoint().secret_sealed
        assert sealed is not None
        return self.portal.vault.open_(sealed)

    def deliver(self, message: JsonObject, secret: str | None = None) -> int:
        """Post an event to the webhook address, signed with the stored secret unless said; the HTTP status."""
        body = events.as_body(message)
        header = {"Stripe-Signature": events.signature(body, secret or self.secret())}
        address = f"/webhooks/stripe/{self.endpoint().token}"
        return self.app.test_client().post(address, data=body, headers=header).status_code

    def restricted_key(self, *rights: str) -> str:
        made = self.sandbox.control(
            "keys", account=self.stripe_account.id, mode="test", kind="restricted", rights=list(rights)
        )
        return str(made["key"])

    def asked(self) -> list[str]:
        """The requests that Stripe got, as `METHOD /path`, oldest first."""
        return [f"{one['method']} {one['path']}" for one in self.sandbox.control("requests")["requests"]]

    def forget_asked(self) -> None:
        self.sandbox.control("requests", verb="DELETE")

    def assert_in_step(self) -> None:
        """Every row equals the object at Stripe."""
        assert_same(held_here(self.session, self.row().id), held_at_stripe(self.sandbox, self.stripe_account.id))
