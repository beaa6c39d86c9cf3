"""What counts as paid, and since when a payment fails, in the states that Stripe can show."""

from typing import Any, cast

import pytest
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.adoption import duplicates
from billingportal.domain.checkout import progress as checkout_progress
from billingportal.domain.plan_changes.present_plan import present_plan
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.errors import Refusal
from billingportal.models import Checkout, Client, Entitlement, Plan, Subscription
from tests.sandbox import clocks
from tests.sandbox.clocks import DAY, HOUR, START, months_after
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import resource_id
from tests.support.people.business import Business
from tests.support.people.clients import Subscribed, catch_up, link_customer, new_client, plan_of

BAD, GOOD = "pm_card_chargeCustomerFail", "pm_card_visa"
RENEWAL = months_after(START, 1)


@pytest.fixture
def test_clock(business: Business) -> str:
    return business.sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": START}).id


def pay_with(business: Business, customer: str, card: str) -> None:
    method = business.sdk.v1.payment_methods.attach(card, params={"customer": customer}).id
    settings: Any = {"invoice_settings": {"default_payment_method": method}}
    business.sdk.v1.customers.update(customer, params=settings)


def advance(business: Business, test_clock: str, to: int) -> None:
    """Let time pass in steps that Stripe allows, then read what happened and evaluate."""
    clocks.advance(business.sdk, test_clock, to)
    business.work()


def keep_failing_past_due(business: Business) -> None:
    account = business.world.stripe_account.id
    business.world.sandbox.control("dunning", account=account, retry_days=[], after="past_due")


def use_plan(business: Business) -> int:
    """A plan that is paid by use alone; its id."""
    catalog = Catalog(business.sdk)
    contacts = resource_id(business.world.session, "contacts")
    links = [Link(catalog.price(**metered(catalog)), "usage", contacts)]
    return plan_of(business.staff_id, business.app, links, "By use", quotas={contacts: Limit(0, "bill")})


def metered(catalog: Catalog) -> dict[str, object]:
    meter = catalog.client.v1.billing.meters.create(
        params={
            "display_name": "Messages",
            "event_name": "messages",
            "default_aggregation": {"formula": "sum"},
        }
    )
    return {"unit_amount": 20, "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id}}


def price_of(business: Business, plan_id: int) -> str:
    return business.world.session.get_one(Plan, plan_id).prices[0].stripe_price_id


def read_first(business: Business, customer: str, subscription: str, test_clock: str | None = None) -> int:
    """The id of a new client whose customer is read and evaluated for the first time."""
    client_id = new_client("Adopted")
    account_id = business.world.row().id
    link_customer(client_id, account_id, customer)
    catch_up(business.app, business.sdk, Subscribed(client_id, account_id, customer, subscription), test_clock)
    return client_id


def subscribed_at_stripe(business: Business, test_clock: str, **given: Any) -> tuple[str, str]:
    """A customer and its subscription to the paid plan, of which nothing is evaluated yet."""
    params: Any = {"test_clock": test_clock, "payment_method": GOOD}
    params["invoice_settings"] = {"default_payment_method": GOOD}
    customer = business.sdk.v1.customers.create(params=params).id
    items = [{"price": price_of(business, business.paid)}]
    wanted = cast(Any, {"customer": customer, "items": items, **given})
    return customer, business.sdk.v1.subscriptions.create(params=wanted).id


def read_again(business: Business, paying: Subscribed, test_clock: str | None = None) -> int:
    """Forget what is remembered of the client's payments, and evaluate it; the client's id."""
    with transaction() as session:
        forgotten = update(Entitlement).where(Entitlement.client_id == paying.client_id)
        session.execute(forgotten.values(proven={}, failing_since=None))
    catch_up(business.app, business.sdk, paying, test_clock)
    return paying.client_id


def standing(business: Business, client_id: int) -> tuple[int | None, str, str]:
    held = business.held(client_id)
    return held.plan_id, held.standing, held.access


def test_use_alone_has_no_first_invoice_and_owes_nothing(business: Business) -> None:
    plan_id = use_plan(business)
    items = [{"price": price_of(business, plan_id)}]
    paying = business.subscribe(items=items)

    assert business.sdk.v1.subscriptions.retrieve(paying.subscription).latest_invoice is None
    assert standing(business, paying.client_id) == (plan_id, "active", "full")
    account = business.world.row()
    row = db.session().scalars(select(Subscription)).one()
    assert checkout_progress.stage_of(db.session(), Checkout(processor_account_id=account.id), row).name == "active"


def test_use_keeps_its_plan_while_its_first_invoice_fails_whenever_it_is_read(
    business: Business, test_clock: str
) -> None:
    plan_id = use_plan(business)
    paying = business.subscribe(items=[{"price": price_of(business, plan_id)}], test_clock=test_clock)
    report: Any = {"stripe_customer_id": paying.customer, "value": "30"}
    moment = START + DAY
    clocks.advance(business.sdk, test_clock, moment)
    business.sdk.v1.billing.meter_events.create(
        params={"event_name": "messages", "payload": report, "timestamp": moment}
    )
    pay_with(business, paying.customer, BAD)
    advance(business, test_clock, RENEWAL + 2 * HOUR)
    assert standing(business, paying.client_id) == (plan_id, "past_due", "full")

    read_again(business, paying, test_clock)
    assert standing(business, paying.client_id) == (plan_id, "past_due", "full")


@pytest.mark.parametrize("behavior", ["keep_as_draft", "mark_uncollectible", "void"])
def test_what_is_offered_for_free_for_a_while_counts_when_it_is_first_read(
    business: Business, test_clock: str, behavior: str
) -> None:
    customer, subscription = subscribed_at_stripe(business, test_clock, trial_period_days=7)
    params: Any = {"pause_collection": {"behavior": behavior}}
    business.sdk.v1.subscriptions.update(subscription, params=params)
    clocks.advance(business.sdk, test_clock, START + 7 * DAY + 2 * HOUR)

    client_id = read_first(business, customer, subscription, test_clock)

    assert standing(business, client_id) == (business.paid, "active", "full")


def test_the_hour_in_which_the_invoice_is_a_draft_takes_nothing_away(business: Business, test_clock: str) -> None:
    customer, subscription = subscribed_at_stripe(business, test_clock, trial_period_days=7)
    pay_with(business, customer, BAD)
    clocks.advance(business.sdk, test_clock, START + 7 * DAY + 60)
    client_id = read_first(business, customer, subscription, test_clock)
    assert standing(business, client_id) == (business.paid, "active", "full")

    advance(business, test_clock, START + 7 * DAY + 2 * HOUR)
    assert standing(business, client_id)[:2] == (business.free, "past_due")


def test_a_change_that_was_given_up_was_not_paid_for(business: Business) -> None:
    links = [Link(Catalog(business.sdk).price(unit_amount=9900), "flat")]
    more = {resource_id(business.world.session, "contacts"): Limit(None)}
    dear = plan_of(business.staff_id, business.app, links, "Dear", quotas=more)
    paying = business.subscribe()
    pay_with(business, paying.customer, BAD)
    item = business.sdk.v1.subscriptions.retrieve(paying.subscription).items.data[0].id
    wanted: Any = {"items": [{"id": item, "price": price_of(business, dear)}], "proration_behavior": "always_invoice"}
    changed = business.sdk.v1.subscriptions.update(paying.subscription, params=wanted)
    business.sdk.v1.invoices.mark_uncollectible(str(changed.latest_invoice))
    business.work()

    assert business.sdk.v1.subscriptions.retrieve(paying.subscription).status == "active"
    assert standing(business, paying.client_id) == (business.paid, "active", "full")
    assert standing(business, read_again(business, paying)) == (business.paid, "active", "full")


def test_grace_counts_from_the_first_failure_after_all_was_well(business: Business, test_clock: str) -> None:
    keep_failing_past_due(business)
    paying = business.subscribe(test_clock=test_clock)
    pay_with(business, paying.customer, BAD)
    advance(business, test_clock, RENEWAL + 2 * HOUR)
    pay_with(business, paying.customer, GOOD)
    advance(business, test_clock, months_after(START, 5) + 2 * HOUR)
    assert business.held(paying.client_id).standing == "active"
    assert len(business.sdk.v1.invoices.list(params={"status": "open", "customer": paying.customer}).data) == 1

    pay_with(business, paying.customer, BAD)
    failed = months_after(START, 6) + HOUR
    advance(business, test_clock, failed + HOUR)
    held = business.held(paying.client_id)
    assert (held.step, held.access, held.failing_since) == ("grace", "full", clock.from_unix(failed))


def test_paying_an_older_invoice_gives_no_new_grace(business: Business, test_clock: str) -> None:
    keep_failing_past_due(business)
    paying = business.subscribe(test_clock=test_clock)
    pay_with(business, paying.customer, BAD)
    advance(business, test_clock, months_after(START, 2) + 2 * HOUR)
    newest, older = business.sdk.v1.invoices.list(params={"status": "open", "customer": paying.customer}).data
    pay_with(business, paying.customer, GOOD)
    business.sdk.v1.invoices.pay(str(older.id))
    business.work()
    held = business.held(paying.client_id)
    assert (held.step, held.access) == ("suspended", "suspended")
    assert held.failing_since == clock.from_unix(RENEWAL + HOUR)

    business.sdk.v1.invoices.pay(str(newest.id))
    business.work()
    assert standing(business, paying.client_id) == (business.paid, "active", "full")


def test_a_void_invoice_does_not_start_the_grace_anew(business: Business, test_clock: str) -> None:
    keep_failing_past_due(business)
    paying = business.subscribe(test_clock=test_clock)
    pay_with(business, paying.customer, BAD)
    advance(business, test_clock, RENEWAL + 2 * HOUR)
    (owed,) = business.sdk.v1.invoices.list(params={"status": "open", "customer": paying.customer}).data
    business.sdk.v1.invoices.void_invoice(str(owed.id))
    advance(business, test_clock, RENEWAL + 5 * DAY)

    held = business.held(paying.client_id)
    assert (held.standing, held.failing_since) == ("past_due", clock.from_unix(RENEWAL + HOUR))
    read_again(business, paying, test_clock)
    assert business.held(paying.client_id).failing_since == clock.from_unix(RENEWAL + HOUR)


def test_the_subscription_that_is_paid_beats_one_that_fails(business: Business, test_clock: str) -> None:
    keep_failing_past_due(business)
    paying = business.subscribe(test_clock=test_clock)
    pay_with(business, paying.customer, BAD)
    advance(business, test_clock, RENEWAL + 2 * HOUR)
    pay_with(business, paying.customer, GOOD)
    items: Any = [{"price": price_of(business, business.paid)}]
    second = business.sdk.v1.subscriptions.create(params={"customer": paying.customer, "items": items}).id
    business.work()

    held = business.held(paying.client_id)
    assert (held.stripe_subscription_id, held.standing, held.access) == (second, "active", "full")
    assert held.other_subscriptions == [paying.subscription]
    with pytest.raises(Refusal, match="not paid"), transaction() as session:
        duplicates.make_main(session, paying.client_id, paying.subscription, staff_id=business.staff_id)


def test_the_subscription_that_staff_chose_is_the_one_that_is_changed(business: Business) -> None:
    paying = business.subscribe()
    items: Any = [{"price": price_of(business, business.paid)}]
    second = business.sdk.v1.subscriptions.create(params={"customer": paying.customer, "items": items}).id
    business.work()
    with transaction() as session:
        duplicates.make_main(session, paying.client_id, second, staff_id=business.staff_id)

    session = business.world.session
    present = present_plan(session, session.get_one(Client, paying.client_id))
    assert present is not None
    assert present.stripe_subscription_id == second


def test_a_change_that_was_declined_says_nothing_about_a_later_one_in_stripe(business: Business) -> None:
    """Nothing is owed for the plan that the partner set without a charge."""
    goods, more = Catalog(business.sdk), {resource_id(business.world.session, "contacts"): Limit(None)}
    dear, dearer = (goods.price(unit_amount=amount) for amount in (9900, 19900))
    plan_of(business.staff_id, business.app, [Link(dear, "flat")], "Dear", quotas=more)
    plan_id = plan_of(business.staff_id, business.app, [Link(dearer, "flat")], "Dearer", quotas=more)
    paying = business.subscribe()
    pay_with(business, paying.customer, BAD)
    item = business.sdk.v1.subscriptions.retrieve(paying.subscription).items.data[0].id
    declined: Any = {"items": [{"id": item, "price": dear}], "proration_behavior": "always_invoice"}
    declined["payment_behavior"] = "pending_if_incomplete"
    waiting = business.sdk.v1.subscriptions.update(paying.subscription, params=declined)
    business.sdk.v1.invoices.void_invoice(str(waiting.latest_invoice))
    business.work()
    assert standing(business, paying.client_id) == (business.paid, "active", "full")

    wanted: Any = {"items": [{"id": item, "price": dearer}], "proration_behavior": "none"}
    business.sdk.v1.subscriptions.update(paying.subscription, params=wanted)
    business.work()
    assert standing(business, paying.client_id) == (plan_id, "active", "full")
