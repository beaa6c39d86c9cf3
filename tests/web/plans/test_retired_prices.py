"""SaaS > Plans, the editor: retired prices, who still pays them, and their removal."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.models import AuditEntry, PlanPrice, ProcessorAccount, Subscription
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.catalog.plans import add_subscription, new_plan, resource_id
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@dataclass(frozen=True)
class Business:
    """A connected account with two prices, of which the portal knows."""

    visitor: Visitor
    session: Session
    staff_id: int
    account_id: int
    old: str
    new: str

    def sell(self, *links: Link) -> str:
        """The address of a plan that sells these prices."""
        plan_id = new_plan(self.staff_id, account_id=self.account_id, links=list(links), is_active=True)
        return f"/saas/plans/{plan_id}"

    def replace_price(self, address: str, price: str, use: str = "flat") -> None:
        typed = {"name": "Growth", "trial_days": "0", "revision": "1", "text": price, "use": use}
        assert self.visitor.submit(address, typed).status_code == 303

    def subscribe(self, price: str, *customers: str, is_known: bool = True) -> None:
        with transaction() as session:
            account = session.get_one(ProcessorAccount, self.account_id)
            for customer in customers:
                add_subscription(session, account, customer, price, is_known=is_known)

    def removal(self, price: str) -> str:
        """The address that removes the link to the price."""
        self.session.rollback()
        link = self.session.scalars(select(PlanPrice.id).where(PlanPrice.stripe_price_id == price)).one()
        return f"/saas/plan-prices/{link}/removal"

    def audited(self) -> str | None:
        """The newest entry of the audit log."""
        self.session.rollback()
        return self.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first()


@pytest.fixture
def business(
    app: Flask, signed_in: Visitor, session: Session, owner: Staff, shop: Catalog, stripe_account: SandboxAccount
) -> Business:
    account_id = connect(app, signed_in, stripe_account.test_key)
    old, new = shop.price(), shop.price(unit_amount=3900)
    for price in (old, new):
        signed_in.get(f"/saas/prices/resolve?text={price}")
    return Business(signed_in, session, owner.id, account_id, old, new)


@pytest.mark.parametrize(
    ("clients", "customers", "words"),
    [
        (["cus_1"], [], "1 client still pays US$29.00. It keeps Growth, with the quotas it bought."),
        (["cus_1", "cus_2"], [], "2 clients still pay US$29.00. They keep Growth, with the quotas they bought."),
        ([], ["cus_1"], "1 customer in Stripe, who is not a client here yet, pays it."),
        ([], ["cus_1", "cus_2"], "2 customers in Stripe, who are not clients here yet, pay it."),
    ],
)
def test_a_retired_price_says_who_still_pays_it(
    business: Business, clients: list[str], customers: list[str], words: str
) -> None:
    address = business.sell(Link(business.old, "flat"))
    business.subscribe(business.old, *clients)
    business.subscribe(business.old, *customers, is_known=False)
    business.replace_price(address, business.new)

    page = business.visitor.get(f"{address}/edit")

    assert words in text_of(page)
    assert "Retired" in text_of(page)
    assert "Remove link" not in text_of(page)
    assert f'value="{business.old}"' not in page.text


def test_a_retired_price_that_nobody_pays_is_removed_by_a_click(business: Business) -> None:
    address = business.sell(Link(business.old, "flat"))
    business.replace_price(address, business.new)
    assert "No client pays it any more." in text_of(business.visitor.get(f"{address}/edit"))

    answer = business.visitor.submit(business.removal(business.old))

    assert (answer.status_code, answer.location) == (303, f"{address}/edit")
    page = text_of(business.visitor.get(f"{address}/edit"))
    assert "The price is removed." in page
    assert "Retired" not in page
    assert business.audited() == "plan_price.removed"
    assert business.visitor.submit(business.removal(business.new)).status_code == 409


def test_a_price_that_is_paid_again_meanwhile_is_not_removed(business: Business) -> None:
    address = business.sell(Link(business.old, "flat"))
    business.replace_price(address, business.new)
    business.subscribe(business.old, "cus_1")

    answer = business.visitor.submit(business.removal(business.old))

    assert answer.status_code == 409
    assert "A client pays this price" in text_of(answer)
    with transaction() as writing:
        writing.scalars(select(Subscription)).one().status = "canceled"
    removed = business.visitor.swap(business.removal(business.old))
    assert removed.headers["HX-Redirect"] == f"{address}/edit"


def test_a_price_that_is_used_for_something_else_shows_its_former_use_as_retired(business: Business) -> None:
    contacts, members = (resource_id(business.session, key) for key in ("contacts", "team_members"))
    address = business.sell(Link(business.old, "quantity", contacts))
    business.subscribe(business.old, "cus_1")

    business.replace_price(address, business.old, f"quantity:{members}")

    page = text_of(business.visitor.get(f"{address}/edit"))
    assert "US$29.00 a month for each contact" in page
    assert "1 client still pays US$29.00." in page


def test_a_viewer_may_not_remove_a_link(viewer: Visitor) -> None:
    assert viewer.submit("/saas/plan-prices/1/removal").status_code == 403
