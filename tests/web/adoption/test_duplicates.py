"""A second subscription made directly at Stripe: told, cancelled and given back, or made the one that counts."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.models import AuditEntry, Entitlement, Invoice
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import Subscribed, paid_plan, plan_items, subscribed_client
from tests.support.people.clients import catch_up as read_client
from tests.support.people.forms import form_of
from tests.support.stripe.portals import with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def stripe(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@pytest.fixture
def subscribed(
    app: Flask, signed_in: Visitor, stripe: Catalog, stripe_account: SandboxAccount, owner: Staff, session: Session
) -> Subscribed:
    """A client with one subscription."""
    connect(app, signed_in, stripe_account.test_key)
    return subscribed_client(app, stripe.client, paid_plan(owner.id, stripe, app))


def subscribe_again(app: Flask, session: Session, stripe: Catalog, first: Subscribed, **given: Any) -> Subscribed:
    """The same customer subscribes once more, without the portal."""
    plan_id = entitlement(session, first).plan_id
    assert plan_id is not None
    params = {"customer": first.customer, "items": plan_items(session, plan_id, None, {}), **given}
    made = stripe.client.v1.subscriptions.create(params=cast(Any, params)).id
    second = Subscribed(first.client_id, first.account_id, first.customer, made)
    read_client(app, stripe.client, second)
    return second


def entitlement(session: Session, subscribed: Subscribed) -> Entitlement:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Entitlement).where(Entitlement.client_id == subscribed.client_id)).one()


def page_of(subscribed: Subscribed) -> str:
    return f"/saas/clients/{subscribed.client_id}"


def removal_of(second: Subscribed) -> str:
    return f"{page_of(second)}/duplicates/{second.subscription}/removal"


def remove(visitor: Visitor, second: Subscribed) -> "TestResponse":
    """Press the button of the page that asks."""
    return form_of(visitor.get(removal_of(second)), "remove").send(visitor)


def status_at_stripe(stripe: Catalog, subscribed: Subscribed) -> str:
    return stripe.client.v1.subscriptions.retrieve(subscribed.subscription).status


def test_it_is_told_with_what_was_paid_twice(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    assert "second subscription" not in text_of(signed_in.get(page_of(subscribed)))
    second = subscribe_again(app, session, stripe, subscribed)

    words = text_of(signed_in.get(page_of(subscribed)))
    asked = text_of(signed_in.get(removal_of(second)))

    assert "A second subscription runs since" in words
    assert f"US$29.00 a month · {second.subscription} . Paid for it: US$29.00." in words
    assert "Cancel and refund US$29.00" in asked
    assert entitlement(session, subscribed).stripe_subscription_id == subscribed.subscription


def test_cancelling_gives_back_what_was_paid(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    second = subscribe_again(app, session, stripe, subscribed)

    answer = remove(signed_in, second)

    assert answer.location == page_of(subscribed)
    assert "What was paid for it is given back." in text_of(signed_in.get(answer.location))
    assert (status_at_stripe(stripe, second), status_at_stripe(stripe, subscribed)) == ("canceled", "active")
    (refund,) = stripe.client.v1.refunds.list().data
    assert (refund.amount, refund.reason) == (2900, "duplicate")
    assert entitlement(session, subscribed).other_subscriptions == []
    assert "Refunded in full" in text_of(signed_in.get(page_of(subscribed)))
    done = f"Cancelled the second subscription {second.subscription} and gave back what was paid for it"
    assert done in session.scalars(select(AuditEntry.summary)).all()
    assert signed_in.get(removal_of(second)).status_code == 404


def test_asked_twice_it_is_done_once(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    second = subscribe_again(app, session, stripe, subscribed)

    form = form_of(signed_in.get(removal_of(second)), "remove")
    form.send(signed_in)
    again = form.send(signed_in)

    assert "does not run beside another one any more" in text_of(signed_in.get(again.location))
    assert len(stripe.client.v1.refunds.list().data) == 1


def test_what_stripe_did_not_do_to_the_end_is_finished_later(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed, sandbox: Sandbox
) -> None:
    second = subscribe_again(app, session, stripe, subscribed)
    sandbox.control("faults", kind="500", method="POST", path_prefix="/v1/refunds")

    failed = remove(signed_in, second)
    sandbox.control("faults", verb="DELETE")

    assert failed.status_code == 422
    assert "nothing is done twice" in text_of(failed)
    assert "The removal of a second subscription is not finished" in text_of(signed_in.get(page_of(subscribed)))
    assert status_at_stripe(stripe, second) == "canceled"
    remove(signed_in, second)
    assert [refund.amount for refund in stripe.client.v1.refunds.list().data] == [2900]
    assert "second subscription is not finished" not in text_of(signed_in.get(page_of(subscribed)))


def test_one_that_was_never_paid_is_only_cancelled(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    second = subscribe_again(app, session, stripe, subscribed, trial_period_days=7)
    assert "Nothing was paid for it." in text_of(signed_in.get(page_of(subscribed)))

    remove(signed_in, second)

    assert status_at_stripe(stripe, second) == "canceled"
    assert entitlement(session, subscribed).other_subscriptions == []


def test_an_open_invoice_of_it_is_void(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    given = {"collection_method": "send_invoice", "days_until_due": 14}
    second = subscribe_again(app, session, stripe, subscribed, **given)

    remove(signed_in, second)

    session.rollback()
    ours = select(Invoice.status).where(Invoice.stripe_subscription_id == second.subscription)
    assert list(session.scalars(ours)) == ["void"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_other_one_can_be_the_one_that_counts(
    app: Flask, signed_in: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    second = subscribe_again(app, session, stripe, subscribed)
    main = f"{page_of(subscribed)}/duplicates/{second.subscription}/main"

    assert "The other subscription counts now." in text_of(signed_in.get(signed_in.submit(main).location))

    found = entitlement(session, subscribed)
    assert found.stripe_subscription_id == second.subscription
    assert found.other_subscriptions == [subscribed.subscription]
    work(app)
    assert entitlement(session, subscribed).stripe_subscription_id == second.subscription
    assert "any more" in text_of(signed_in.get(signed_in.submit(main).location))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_viewer_and_strangers_to_the_client_change_nothing(
    app: Flask, signed_in: Visitor, viewer: Visitor, session: Session, stripe: Catalog, subscribed: Subscribed
) -> None:
    second = subscribe_again(app, session, stripe, subscribed)

    assert viewer.submit(removal_of(second)).status_code == 403
    assert "Cancel and refund" not in text_of(viewer.get(page_of(subscribed)))
    foreign = f"{page_of(subscribed)}/duplicates/{subscribed.subscription}"
    assert signed_in.get(f"{foreign}/removal").status_code == 404
    signed_in.submit(f"{foreign}/removal")
    signed_in.submit(f"{foreign}/main")
    assert (status_at_stripe(stripe, second), status_at_stripe(stripe, subscribed)) == ("active", "active")
