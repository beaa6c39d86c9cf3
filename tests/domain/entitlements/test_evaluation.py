"""Clients are evaluated when something changes: by Stripe, by people, by time. The answer is kept, with its cause."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import event, func, select

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.clients import comps, quota_overrides
from billingportal.domain.common import evaluation_queue
from billingportal.domain.dunning import settings as dunning_settings
from billingportal.domain.dunning.ladder import Ladder
from billingportal.domain.entitlements import evaluation
from billingportal.domain.plans import lifecycle as plan_lifecycle
from billingportal.domain.plans.terms import Limit
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.models import Client, Comp, Customer, EntitledQuota, Plan, QuotaOverride
from billingportal.portal import current_portal
from tests.support.catalog.plans import change_plan, new_plan, resource_id
from tests.support.people.business import Business
from tests.support.people.clients import new_client

DAY = 24 * 3600
START = 1_893_456_000  # 2030-01-01 00:00 UTC


def test_a_new_client_has_the_free_default_plan(business: Business) -> None:
    client_id = new_client()

    held = business.held(client_id)
    assert (held.plan_id, held.source, held.standing, held.access) == (business.free, "base", "free", "full")
    assert business.quotas(client_id)["contacts"] == 100
    assert business.told(client_id) == ["Plan Free. Without a paid subscription, the default plan Free holds."]


def test_a_default_plan_that_costs_is_given_to_nobody(business: Business) -> None:
    with transaction() as session:
        plan_lifecycle.make_default(session, business.paid, staff_id=business.staff_id)

    held = business.held(new_client())
    assert (held.plan_id, held.source, held.access) == (None, "none", "limited")


def test_who_pays_has_the_plan_and_it_is_written_down_why(business: Business) -> None:
    paying = business.subscribe()

    held = business.held(paying.client_id)
    assert (held.plan_id, held.source, held.standing) == (business.paid, "subscription", "active")
    assert business.quotas(paying.client_id)["contacts"] == 5000
    assert business.told(paying.client_id)[1].startswith("Plan Growth instead of Free. The subscription is paid for")


def test_a_card_that_fails_at_once_gives_nothing(business: Business) -> None:
    paying = business.subscribe(card="pm_card_chargeCustomerFail")

    held = business.held(paying.client_id)
    assert (held.plan_id, held.standing) == (business.free, "waiting")


def test_asking_again_changes_nothing_and_writes_nothing(business: Business) -> None:
    paying = business.subscribe()
    before = business.told(paying.client_id)
    with transaction() as session:
        evaluation.evaluate(session, paying.client_id)
        evaluation.evaluate(session, paying.client_id)

    assert business.told(paying.client_id) == before
    assert db.session().scalar(select(func.count(EntitledQuota.id))) == len(business.quotas(paying.client_id))


def test_asking_for_one_quota_is_one_indexed_read(business: Business) -> None:
    paying = business.subscribe()
    contacts = resource_id(business.world.session, "contacts")
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    found = db.session().execute(
        select(EntitledQuota.quota).where(
            EntitledQuota.client_id == paying.client_id, EntitledQuota.resource_id == contacts
        )
    )
    assert found.scalar_one() == 5000
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) == 1
    unique = [index.columns.keys() for index in cast(Any, EntitledQuota.__table__).constraints if index.name]
    assert ["client_id", "resource_id"] in unique


def test_a_cancelled_client_falls_back_to_the_default_plan(business: Business) -> None:
    paying = business.subscribe()
    business.sdk.v1.subscriptions.cancel(paying.subscription)
    business.work()

    held = business.held(paying.client_id)
    assert (held.plan_id, held.standing) == (business.free, "ended")


@pytest.mark.parametrize("spelling", [{"cancel_at_period_end": True}, {"cancel_at": "max_period_end"}])
def test_both_spellings_of_a_planned_end_are_understood(business: Business, spelling: dict[str, Any]) -> None:
    paying = business.subscribe()
    business.sdk.v1.subscriptions.update(paying.subscription, params=cast(Any, spelling))
    business.work()

    held = business.held(paying.client_id)
    item = business.sdk.v1.subscriptions.retrieve(paying.subscription).items.data[0]
    assert (held.plan_id, held.standing, held.renews_at) == (business.paid, "canceling", None)
    assert held.until == clock.from_unix(item.current_period_end)


def test_the_ladder_walks_by_the_test_clock_and_paying_restores_at_once(business: Business) -> None:
    test_clock = business.sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": START}).id
    paying = business.subscribe(test_clock=test_clock)
    bad = business.sdk.v1.payment_methods.attach("pm_card_chargeCustomerFail", params={"customer": paying.customer})
    settings: Any = {"invoice_settings": {"default_payment_method": bad.id}}
    business.sdk.v1.customers.update(paying.customer, params=settings)
    failed = START + 31 * DAY + 3700
    seen = []
    for days in (0, 4, 8, 14):
        business.advance(test_clock, failed + days * DAY)
        held = business.held(paying.client_id)
        seen.append((held.standing, held.step, held.access, held.plan_id))
    assert seen == [
        ("past_due", "grace", "full", business.paid),
        ("past_due", "warned", "full", business.paid),
        ("past_due", "limited", "limited", business.paid),
        ("past_due", "suspended", "suspended", business.paid),
    ]

    good = business.sdk.v1.payment_methods.attach("pm_card_visa", params={"customer": paying.customer}).id
    (invoice,) = business.sdk.v1.invoices.list(params={"customer": paying.customer, "status": "open"}).data
    business.sdk.v1.invoices.pay(str(invoice.id), params={"payment_method": good})
    business.work()
    held = business.held(paying.client_id)
    assert (held.standing, held.step, held.access, held.failing_since) == ("active", "none", "full", None)
    assert "The payment went through: everything works as before" in business.told(paying.client_id)[-1]


def test_a_patient_ladder_is_heeded_by_those_who_fail_already(business: Business) -> None:
    test_clock = business.sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": START}).id
    paying = business.subscribe(test_clock=test_clock)
    business.sdk.v1.payment_methods.detach(
        str(business.sdk.v1.payment_methods.list(params={"customer": paying.customer}).data[0].id)
    )
    business.advance(test_clock, START + 31 * DAY + 3700)
    business.advance(test_clock, START + 40 * DAY)
    assert business.held(paying.client_id).step == "limited"
    with transaction() as session:
        dunning_settings.save_ladder(session, Ladder(20, None, None), staff_id=business.staff_id)
    entitlement_jobs.evaluate_clients(current_portal())

    assert business.held(paying.client_id).step == "grace"


def test_days_of_grace_that_a_clock_ahead_ended_are_given_back(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_clock = business.sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": START}).id
    paying = business.subscribe(test_clock=test_clock)
    bad = business.sdk.v1.payment_methods.attach("pm_card_chargeCustomerFail", params={"customer": paying.customer})
    settings: Any = {"invoice_settings": {"default_payment_method": bad.id}}
    business.sdk.v1.customers.update(paying.customer, params=settings)
    business.advance(test_clock, START + 31 * DAY + 3700)
    failing_since = business.held(paying.client_id).failing_since
    assert failing_since is not None

    def evaluated_at(moment: datetime) -> tuple[str, str]:
        """What a client is found in that has no test clock, by a clock that says so."""
        for name in ("billingportal.jobs.entitlements.now", "billingportal.domain.entitlements.evaluation.now"):
            monkeypatch.setattr(name, lambda: moment)
        entitlement_jobs.evaluate_premature(current_portal())
        entitlement_jobs.evaluate_clients(current_portal())
        held = business.held(paying.client_id)
        return held.step, held.access

    with transaction() as session:
        session.scalars(select(Customer)).one().stripe_test_clock_id = None
        evaluation_queue.mark_failing(session)
    sixth_day = failing_since + timedelta(days=6, hours=12)
    for ahead in (timedelta(days=1), timedelta(days=9)):
        assert evaluated_at(sixth_day) == ("warned", "full")
        assert evaluated_at(sixth_day + ahead)[0] in ("limited", "suspended")
    assert evaluated_at(sixth_day) == ("warned", "full")


def test_gifts_end_by_themselves(business: Business) -> None:
    client_id = new_client()
    contacts = resource_id(business.world.session, "contacts")
    tomorrow = (clock.now() + timedelta(days=1)).date()
    with transaction() as session:
        comps.grant_plan(session, client_id, business.paid, "Friend", tomorrow, staff_id=business.staff_id)
        quota_overrides.grant_quota(session, client_id, contacts, None, "Launch", tomorrow, staff_id=business.staff_id)
    held = business.held(client_id)
    assert (held.plan_id, held.source, business.quotas(client_id)["contacts"]) == (business.paid, "comp", None)
    due = business.world.session.get_one(Client, client_id).evaluation_due_at
    assert due is not None
    assert clock.now() < due

    with transaction() as session:
        past = clock.now() - timedelta(seconds=1)
        session.scalars(select(Comp)).one().expires_at = past
        session.scalars(select(QuotaOverride)).one().expires_at = past
        session.get_one(Client, client_id).evaluation_due_at = past
    entitlement_jobs.evaluate_clients(current_portal())
    held = business.held(client_id)
    assert (held.plan_id, held.source, business.quotas(client_id)["contacts"]) == (business.free, "base", 100)


def test_no_sync_undoes_what_was_given_by_hand(business: Business) -> None:
    paying = business.subscribe()
    large = new_plan(business.staff_id, "Enterprise", is_active=True, is_on_request=True)
    with transaction() as session:
        comps.grant_plan(session, paying.client_id, large, "Pilot", None, staff_id=business.staff_id)
    business.sdk.v1.subscriptions.update(paying.subscription, params={"metadata": {"note": "changed"}})
    business.sdk.v1.subscriptions.cancel(paying.subscription)
    business.work()

    held = business.held(paying.client_id)
    assert (held.plan_id, held.source) == (large, "comp")


def test_new_quotas_of_a_plan_reach_its_clients(business: Business) -> None:
    paying = business.subscribe()
    contacts = resource_id(business.world.session, "contacts")
    change_plan(business.staff_id, business.paid, "everybody", quotas={contacts: Limit(9000)})
    entitlement_jobs.evaluate_clients(current_portal())

    assert business.quotas(paying.client_id)["contacts"] == 9000
    assert business.told(paying.client_id)[-1].startswith("Other quotas.")


def test_a_second_subscription_is_flagged_and_the_first_one_counts(business: Business) -> None:
    paying = business.subscribe()
    price = business.world.session.get_one(Plan, business.paid).prices[0].stripe_price_id
    second = business.sdk.v1.subscriptions.create(params={"customer": paying.customer, "items": [{"price": price}]})
    business.work()

    held = business.held(paying.client_id)
    assert held.stripe_subscription_id == paying.subscription
    assert held.other_subscriptions == [second.id]


def test_two_workers_evaluate_each_client_once(business: Business) -> None:
    ids = [new_client(f"Client {number}") for number in range(8)]
    with transaction() as session:
        evaluations_due = clock.now()
        for client in session.scalars(select(Client)):
            client.evaluation_due_at = evaluations_due

    def run() -> None:
        with business.app.app_context():
            entitlement_jobs.evaluate_clients(current_portal())

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(run) for _ in range(2)]:
            done.result()
    assert [business.told(client_id) for client_id in ids] == [
        ["Plan Free. Without a paid subscription, the default plan Free holds."]
    ] * len(ids)
