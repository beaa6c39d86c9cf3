"""A connected account that sells one paid plan beside a free one, seen from both sides."""

from dataclasses import dataclass
from typing import Any

import stripe
from flask import Flask
from sqlalchemy import select

from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.models import AuditEntry, Entitlement
from billingportal.portal import current_portal
from tests.support.people.clients import Subscribed, subscribed_client
from tests.support.stripe.worlds import World


@dataclass(frozen=True)
class Business:
    """A connected account that sells one paid plan beside a free one."""

    world: World
    sdk: stripe.StripeClient
    staff_id: int
    free: int
    paid: int

    @property
    def app(self) -> Flask:
        return self.world.app

    def held(self, client_id: int) -> Entitlement:
        session = self.world.session
        return session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one()

    def quotas(self, client_id: int) -> dict[str, int | None]:
        return {quota.resource.key: quota.quota for quota in self.held(client_id).quotas}

    def told(self, client_id: int) -> list[str]:
        """What was written down about the client's entitlement, oldest first."""
        found = select(AuditEntry.summary).where(
            AuditEntry.subject_type == "client",
            AuditEntry.subject_id == str(client_id),
            AuditEntry.action.startswith("entitlement."),
        )
        return list(self.world.session.scalars(found.order_by(AuditEntry.id)))

    def subscribe(self, **given: Any) -> Subscribed:
        return subscribed_client(self.app, self.sdk, self.paid, **given)

    def work(self) -> None:
        """Read what happened at Stripe, and evaluate."""
        self.world.read_events()
        entitlement_jobs.evaluate_clients(current_portal())

    def advance(self, test_clock: str, to: int) -> None:
        self.sdk.v1.test_helpers.test_clocks.advance(test_clock, params={"frozen_time": to})
        self.work()
