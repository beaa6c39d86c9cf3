"""From the sign-up form to Stripe's page and back: each state in its words, and nobody else's business shown."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.auth import visitor_throttle
from billingportal.jobs.subscriptions import checkout as checkout_jobs
from billingportal.models import AuditEntry, Checkout, Client, Entitlement
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.catalog.catalog import connect
from tests.support.catalog.plans import new_plan
from tests.support.pages import Visitor, markup_of, text_of
from tests.support.people.checkouts import DELAYED, Till, furnish, session_of, tell
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

SIGN_UP = "/portal/sign-up"
TYPED = {"name": "Quayside Dental", "email": "front@quayside.example", "workspace_name": "Front desk"}


@dataclass(frozen=True)
class Shop:
    """A portal that sells."""

    app: Flask
    till: Till
    plans: dict[str, int]

    def visitor(self) -> Visitor:
        made = self.app.test_client()
        assert isinstance(made, Visitor)
        made.get(f"{SIGN_UP}?plan={self.plans['Growth']}")
        return made

    def order(self, plan: str = "Growth", **given: str) -> dict[str, str]:
        return {**TYPED, "plan": str(self.plans[plan]), "interval": "month", "currency": "usd", **given}

    def checkouts(self) -> list[Checkout]:
        with self.app.app_context():
            found = list(db.session().scalars(select(Checkout).order_by(Checkout.id)))
            db.session.remove()
            return found

    def clients(self) -> list[Client]:
        with self.app.app_context():
            found = list(db.session().scalars(select(Client).order_by(Client.id)))
            db.session.remove()
            return found

    def back(self) -> str:
        """Where Stripe leads after the last payment."""
        last = self.checkouts()[-1]
        return f"/portal/checkout/{last.token}?session_id={last.stripe_checkout_session_id}"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Shop:
    connect(app, signed_in, stripe_account.test_key)
    till = Till(sandbox, stripe_account)
    with app.app_context():
        plans = furnish(app, till, owner.id)
        db.session.remove()
    return Shop(app, till, plans)


def bought(shop: Shop, visitor: Visitor, plan: str = "Growth", **paying: str) -> str:
    """Sign up and pay; where Stripe leads back to."""
    sent = visitor.submit(SIGN_UP, shop.order(plan))
    assert sent.status_code == 303, text_of(sent)
    shop.till.pay(session_of(sent.location), **paying)
    return shop.back()


def test_a_paid_plan_leads_to_stripe_and_nothing_is_granted_yet(shop: Shop, session: Session) -> None:
    sent = shop.visitor().submit(SIGN_UP, shop.order())
    assert sent.status_code == 303
    assert sent.location.startswith(f"{shop.till.sandbox.url}/c/cs_test_")
    assert shop.till.sandbox.url in sent.headers["Content-Security-Policy"]
    held = session.scalars(select(Entitlement)).one()
    assert (held.standing, held.source, held.plan_id) == ("waiting", "none", None)


def test_the_way_back_tells_at_once_and_signs_in(shop: Shop) -> None:
    visitor = shop.visitor()
    back = bought(shop, visitor)
    assert visitor.get("/portal/billing").status_code == 401
    page = visitor.get(back)
    assert "Your payment has arrived and Growth is active." in text_of(page)
    assert "hx-get" not in page.text
    assert visitor.get("/portal/billing").status_code == 200
    (checkout,) = shop.checkouts()
    assert checkout.state == "complete"


def test_the_worker_first_and_the_way_back_first_end_alike(shop: Shop, session: Session) -> None:
    for number, is_worker_first in enumerate((True, False)):
        visitor = shop.visitor()
        sent = visitor.submit(SIGN_UP, shop.order(email=f"{number}@quayside.example"))
        shop.till.pay(session_of(sent.location))
        if is_worker_first:
            tell(shop.app)
            assert shop.checkouts()[-1].state == "complete"
        assert "is active" in text_of(visitor.get(shop.back()))
    held = session.scalars(select(Entitlement)).all()
    assert {(one.standing, one.plan_id) for one in held} == {("active", shop.plans["Growth"])}
    told = session.scalars(select(AuditEntry.action).where(AuditEntry.action == "checkout.completed")).all()
    assert len(told) == 2


def test_who_has_had_a_trial_is_promised_none(shop: Shop) -> None:
    visitor = shop.visitor()
    visitor.get(bought(shop, visitor, "Trial", card=""))
    api = shop.till.sandbox.client(shop.till.account.test_key).v1
    api.subscriptions.cancel(shop.till.subscriptions()[0]["id"])
    tell(shop.app)

    page = text_of(visitor.get(f"{SIGN_UP}?plan={shop.plans['Trial']}"))
    assert "free for new clients" not in page
    assert "Due today: US$9.00" in page
    sent = visitor.submit(SIGN_UP, {"plan": str(shop.plans["Trial"]), "interval": "month", "currency": "usd"})
    assert sent.status_code == 303
    assert "free for new clients" not in text_of(visitor.get(shop.back()))


def test_a_trial_a_delayed_payment_and_its_failure_each_have_their_words(shop: Shop) -> None:
    trial = bought(shop, shop.visitor(), "Trial", card="")
    assert "Your trial of Trial has begun and runs until" in text_of(shop.visitor().get(trial))
    visitor = shop.visitor()
    sent = visitor.submit(SIGN_UP, shop.order(email="bank@quayside.example"))
    shop.till.pay(session_of(sent.location), DELAYED)
    waiting = visitor.get(shop.back())
    assert "Your bank is working on it" in text_of(waiting)
    assert 'hx-trigger="every 2s"' in waiting.text
    assert '<noscript><meta http-equiv="refresh"' in markup_of(waiting)
    shop.till.settle("failed")
    failed = visitor.swap(shop.back(), method="GET")
    assert "The payment did not go through" in text_of(failed)
    assert failed.text.lstrip().startswith('<div id="stage"')


def test_an_unfinished_payment_leads_back_to_it(shop: Shop) -> None:
    visitor = shop.visitor()
    sent = visitor.submit(SIGN_UP, shop.order())
    (checkout,) = shop.checkouts()
    page = visitor.get(f"/portal/checkout/{checkout.token}")
    assert "Your payment is not finished" in text_of(page)
    assert sent.location in page.text
    assert "US$29.00 a month" in text_of(page)
    shop.till.expire(checkout.stripe_checkout_session_id)
    expired = visitor.get(f"/portal/checkout/{checkout.token}")
    assert "This order has expired" in text_of(expired)
    assert f"/portal/sign-up?plan={shop.plans['Growth']}&amp;interval=month&amp;currency=usd" in expired.text


def test_somebody_elses_session_is_nowhere(shop: Shop) -> None:
    mine = bought(shop, shop.visitor())
    other = shop.visitor()
    other.submit(SIGN_UP, shop.order(email="other@quayside.example"))
    theirs = shop.checkouts()[-1]
    mixed = f"{mine.split('?')[0]}?session_id={theirs.stripe_checkout_session_id}"
    for address in (mixed, "/portal/checkout/unknown", f"/portal/checkout/{theirs.id}"):
        assert other.get(address).status_code == 404
    page = other.get(mine.split("?")[0])
    assert "Quayside" not in page.text
    assert other.get("/portal/billing").status_code == 401


def test_an_old_address_signs_in_nobody(shop: Shop) -> None:
    back = bought(shop, shop.visitor())
    shop.visitor().get(back)
    with shop.app.app_context(), transaction() as session:
        session.scalars(select(Checkout)).one().ended_at = clock.now() - timedelta(hours=2)
    late = shop.visitor()
    assert "is active" in text_of(late.get(back))
    assert late.get("/portal/billing").status_code == 401


def test_after_signing_out_the_address_in_the_history_signs_in_nobody(shop: Shop) -> None:
    visitor = shop.visitor()
    back = bought(shop, visitor)
    visitor.get(back)
    visitor.submit("/portal/sign-out")
    assert "is active" in text_of(visitor.get(back))
    assert visitor.get("/portal/billing").status_code == 401


def test_withdrawn_access_holds_for_a_payment_that_comes_later(shop: Shop) -> None:
    back = bought(shop, shop.visitor())
    with shop.app.app_context(), transaction() as session:
        session.scalars(select(Client)).one().withdraw_access()
    visitor = shop.visitor()
    assert "is active" in text_of(visitor.get(back))
    assert visitor.get("/portal/billing").status_code == 401


def test_without_stripe_the_page_tells_what_is_known(shop: Shop) -> None:
    visitor = shop.visitor()
    bought(shop, visitor)
    shop.till.sandbox.control("faults", kind="500", path_prefix="/v1/")
    page = visitor.get(shop.back())
    assert page.status_code == 200
    assert "Your payment is not finished" in text_of(page)
    shop.till.sandbox.control("faults", verb="DELETE")
    assert "is active" in text_of(visitor.get(shop.back()))


def test_without_stripe_nothing_is_ordered_and_the_form_stays(shop: Shop) -> None:
    visitor = shop.visitor()
    shop.till.sandbox.control("faults", kind="500", path_prefix="/v1/")
    refused = visitor.submit(SIGN_UP, shop.order())
    assert refused.status_code == 422
    assert "Stripe does not answer right now" in text_of(refused)
    assert "front@quayside.example" in refused.text
    shop.till.sandbox.control("faults", verb="DELETE")
    assert visitor.submit(SIGN_UP, shop.order()).status_code == 303
    assert len(shop.clients()) == 1


@pytest.mark.both_databases
def test_a_double_click_is_one_client_and_one_session(shop: Shop) -> None:
    visitor = shop.visitor()
    token, cookie = visitor.csrf_token(), visitor.get_cookie("portal_session")
    assert cookie is not None
    together = Barrier(4)

    def click(_: int) -> str:
        clicking = shop.app.test_client()
        clicking.set_cookie("portal_session", cookie.value)
        together.wait()
        sent = clicking.post(SIGN_UP, data={**shop.order(), "csrf_token": token})
        return sent.location or f"{sent.status_code}"

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(click, range(4)))
    (opened,) = shop.till.sessions()
    assert answers == {opened["url"]}
    assert len(shop.clients()) == 1


@pytest.mark.both_databases
def test_two_devices_with_one_address_end_in_one_open_session(shop: Shop) -> None:
    visitors = [shop.visitor() for _ in range(3)]
    together = Barrier(len(visitors))

    def sign_up(visitor: Visitor) -> int:
        token = visitor.csrf_token()
        together.wait()
        return visitor.post(SIGN_UP, data={**shop.order(), "csrf_token": token}).status_code

    with ThreadPoolExecutor(len(visitors)) as pool:
        statuses = list(pool.map(sign_up, visitors))
    assert 303 in statuses
    assert set(statuses) <= {303, 422}
    assert len(shop.till.sessions("open")) == 1
    living = [one for one in shop.clients() if one.archived_at is None]
    assert len(living) == 1
    (opened,) = shop.till.sessions("open")
    assert opened["client_reference_id"] == str(living[0].id)


def test_the_second_device_after_the_first_has_paid_is_told_of_the_account(shop: Shop) -> None:
    first = shop.visitor()
    sent = first.submit(SIGN_UP, shop.order())
    shop.till.pay(session_of(sent.location))
    second = shop.visitor().submit(SIGN_UP, shop.order())
    assert (second.status_code, "This address has an account" in text_of(second)) == (422, True)
    assert len(shop.till.subscriptions()) == 1
    assert [one.archived_at for one in shop.clients()] == [None]
    assert "is active" in text_of(first.get(shop.back()))


def test_an_abandoned_sign_up_is_put_away_and_its_address_is_free_again(shop: Shop) -> None:
    shop.visitor().submit(SIGN_UP, shop.order())
    (checkout,) = shop.checkouts()
    shop.till.expire(checkout.stripe_checkout_session_id)
    with shop.app.app_context():
        with transaction() as session:
            session.get_one(Checkout, checkout.id).expires_at = clock.now() - timedelta(minutes=5)
        checkout_jobs.recover_checkouts(current_portal())
        assert [one.archived_at for one in shop.clients()] == [None]
        with transaction() as session:
            session.get_one(Checkout, checkout.id).ended_at = clock.now() - timedelta(hours=2)
        checkout_jobs.recover_checkouts(current_portal())
    (put_away,) = shop.clients()
    assert put_away.archived_at is not None
    again = shop.visitor().submit(SIGN_UP, shop.order())
    assert "/c/cs_test_" in again.location
    assert [one.archived_at is None for one in shop.clients()] == [False, True]


def test_a_client_who_is_here_buys_as_the_same_client_and_never_twice(shop: Shop) -> None:
    visitor = shop.visitor()
    visitor.get(bought(shop, visitor))
    again = visitor.submit(SIGN_UP, shop.order("Trial"))
    assert again.status_code == 303
    assert again.location.startswith("/portal/billing/plan?plan=")
    assert len(shop.clients()) == 1
    assert len(shop.till.subscriptions()) == 1


def test_a_free_plan_ends_the_open_checkout_of_the_same_address(shop: Shop, owner: Staff) -> None:
    with shop.app.app_context():
        free = new_plan(owner.id, "Free", is_active=True)
        db.session.remove()
    visitor = shop.visitor()
    visitor.submit(SIGN_UP, shop.order())
    sent = visitor.submit(SIGN_UP, {**TYPED, "plan": str(free)})
    assert sent.location == "/portal/sign-up/done"
    assert shop.till.sessions("open") == []
    assert [one.archived_at is None for one in shop.clients()] == [False, True]


def test_limits_hold_for_paid_plans_too(shop: Shop) -> None:
    with shop.app.app_context(), transaction() as session:
        for number in range(visitor_throttle.MOST_PER_NETWORK):
            visitor_throttle.admit_visitor(session, "sign-up", "127.0.0.1", f"{number}@quayside.example")
    assert shop.visitor().submit(SIGN_UP, shop.order()).status_code == 429
    assert shop.till.sessions() == []
