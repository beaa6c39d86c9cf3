"""The client's own page: every state in words, and its errands at Stripe."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
import stripe
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models import AuditEntry, Customer, Entitlement, Invoice, Plan, PortalConfiguration, Price
from billingportal.models.auth.staff import Staff
from tests.sandbox import clocks
from tests.support.catalog.catalog import catalog, connect
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.pages import PARTIAL, Visitor, markup_of, text_of
from tests.support.people.billing import change_client, visitor_of
from tests.support.people.clients import Subscribed, catch_up, new_client, paid_plan, subscribed_client
from tests.support.people.forms import form_of
from tests.support.people.plan_changes import move
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/portal/billing"
Subscribe = Callable[..., Subscribed]


@pytest.fixture
def plan_id(
    app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> int:
    """Growth for US$49.00 a month, in a connected account."""
    connect(app, signed_in, stripe_account.test_key)
    contacts = resource_id(session, "contacts")
    return paid_plan(
        owner.id,
        catalog(sandbox, stripe_account),
        app,
        amount=4900,
        quotas={contacts: Limit(5000)},
        trial_days=14,
        trial_needs_card=False,
    )


@pytest.fixture
def subscribe(app: Flask, sdk: stripe.StripeClient, plan_id: int) -> Subscribe:
    def one(**given: Any) -> Subscribed:
        return subscribed_client(app, sdk, plan_id, **given)

    return one


def words_of(app: Flask, client_id: int) -> str:
    return text_of(visitor_of(app, client_id).get(PAGE))


def test_a_paying_client_sees_plan_use_invoices_card_and_details(
    app: Flask, subscribe: Subscribe, session: Session
) -> None:
    words = words_of(app, subscribe().client_id)
    session.rollback()
    renews = session.scalars(select(Entitlement.renews_at)).one()
    assert renews is not None
    for part in (
        "Harbor Dental",
        "Growth US$49.00 a month Active",
        f"renews on {renews.day} {renews:%B %Y}",
        "Contacts 0 of 5,000",
        "Paid US$49.00",
        "Visa ending 4242",
        "office@harbor.example",
        "Next payment US$49.00 on",
        "Change plan",
        "Cancel your plan",
        "Test mode",
    ):
        assert part in words, words


def test_a_plan_whose_price_is_not_known_here_is_not_called_free(app: Flask, subscribe: Subscribe) -> None:
    one = subscribe()
    with app.app_context(), transaction() as session:
        session.execute(delete(Price))
    words = words_of(app, one.client_id)
    assert "Free" not in words
    assert "Next payment Not known yet" in words


def test_the_page_asks_stripe_nothing(app: Flask, sandbox: Sandbox, subscribe: Subscribe) -> None:
    visitor = visitor_of(app, subscribe().client_id)
    sandbox.control("requests", verb="DELETE")
    assert visitor.get(PAGE).status_code == 200
    assert sandbox.control("requests")["requests"] == []


def test_invoices_lead_to_their_pages_at_stripe(app: Flask, subscribe: Subscribe, session: Session) -> None:
    page = visitor_of(app, subscribe().client_id).get(PAGE).text
    session.rollback()
    invoice = session.scalars(select(Invoice)).one()
    assert f'href="{invoice.hosted_invoice_url}"' in page
    assert f'href="{invoice.invoice_pdf_url}"' in page
    assert f"Download invoice {invoice.number} (PDF)" in page


def test_the_exact_amount_comes_from_stripe_with_and_without_scripts(
    app: Flask, sdk: stripe.StripeClient, sandbox: Sandbox, subscribe: Subscribe
) -> None:
    one = subscribe()
    sdk.v1.customers.update(one.customer, params={"balance": -900})
    visitor = visitor_of(app, one.client_id)
    whole = visitor.get(f"{PAGE}/next-payment")
    assert "US$40.00 on" in text_of(whole)
    assert "<h1" in whole.text
    part = visitor.get(f"{PAGE}/next-payment", headers=PARTIAL)
    assert part.text.lstrip().startswith("<section")
    assert "US$40.00 on" in text_of(part)
    sandbox.control("faults", kind="500")
    assert "Stripe does not answer right now" in text_of(visitor.get(f"{PAGE}/next-payment"))


def test_the_card_is_changed_in_stripes_customer_portal(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe, session: Session
) -> None:
    one = subscribe()
    visitor = visitor_of(app, one.client_id)
    answer = visitor.submit(f"{PAGE}/payment-method")
    assert answer.status_code == 303
    assert "/p/session/" in answer.location
    method = sdk.v1.payment_methods.attach("pm_card_mastercard", params={"customer": one.customer}).id
    sdk.v1.customers.update(one.customer, params={"invoice_settings": {"default_payment_method": method}})
    assert visitor.get(f"{PAGE}/return").location == PAGE
    words = text_of(visitor.get(PAGE))
    assert "Mastercard ending 4444" in words
    assert "Your new payment method is used from now on." in words
    session.rollback()
    assert "client.method_changed" in session.scalars(select(AuditEntry.action)).all()


def test_a_subscription_with_a_card_of_its_own_follows_the_new_card(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe
) -> None:
    one = subscribe()
    own = sdk.v1.customers.retrieve(one.customer).invoice_settings
    assert own is not None
    sdk.v1.subscriptions.update(one.subscription, params={"default_payment_method": str(own.default_payment_method)})
    catch_up(app, sdk, one)
    method = sdk.v1.payment_methods.attach("pm_card_mastercard", params={"customer": one.customer}).id
    sdk.v1.customers.update(one.customer, params={"invoice_settings": {"default_payment_method": method}})
    visitor = visitor_of(app, one.client_id)
    visitor.get(f"{PAGE}/return")
    assert sdk.v1.subscriptions.retrieve(one.subscription).default_payment_method == method
    assert "Mastercard ending 4444" in text_of(visitor.get(PAGE))
    for chosen in (str(own.default_payment_method), method):  # the same choices again, on the same day
        sdk.v1.customers.update(one.customer, params={"invoice_settings": {"default_payment_method": chosen}})
        visitor.get(f"{PAGE}/return")
        assert sdk.v1.subscriptions.retrieve(one.subscription).default_payment_method == chosen


def test_details_are_edited_in_stripes_customer_portal(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe
) -> None:
    one = subscribe()
    visitor = visitor_of(app, one.client_id)
    assert "/p/session/" in visitor.submit(f"{PAGE}/details").location
    address = {"line1": "12 Quay Street", "city": "Galway", "postal_code": "H91", "country": "IE"}
    sdk.v1.customers.update(one.customer, params=cast(Any, {"name": "Harbor Dental Ltd", "address": address}))
    visitor.get(f"{PAGE}/return")
    assert "Harbor Dental Ltd office@harbor.example 12 Quay Street H91 Galway Ireland" in text_of(visitor.get(PAGE))


@pytest.fixture
def failing(app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe) -> Subscribed:
    """A client whose first renewal was declined."""
    test_clock = clocks.new_clock(sdk)
    one = subscribe(test_clock=test_clock)
    clocks.new_card(sdk, one.customer, "pm_card_chargeCustomerFail")
    clocks.advance(sdk, test_clock, clocks.months_after(clocks.START, 1) + 2 * clocks.HOUR)
    catch_up(app, sdk, one, test_clock)
    return one


def test_a_failing_payment_is_told_and_paying_with_a_new_card_restores_at_once(
    app: Flask, sdk: stripe.StripeClient, failing: Subscribed, session: Session
) -> None:
    one = failing
    visitor = visitor_of(app, one.client_id)
    words = text_of(visitor.get(PAGE))
    for part in (
        "Your payment of US$49.00 failed",
        "Your bank declined the Visa ending 0341.",
        "Everything keeps working until",
        "Due now US$49.00",
        "Could not be charged",
    ):
        assert part in words, words
    declined = form_of(visitor.get(PAGE), "pay-now").send(visitor)
    assert declined.status_code == 422
    assert "declined" in text_of(declined)
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")
    assert form.button == "Pay US$49.00 with Visa ending 4242"
    assert form.send(visitor).location == PAGE
    words = text_of(visitor.get(PAGE))
    assert "Paid. Everything works again." in words
    assert "failed" not in words
    assert form.send(visitor).location == PAGE
    assert "This was paid already. Nothing was charged." in text_of(visitor.get(PAGE))
    session.rollback()
    assert session.scalars(select(Entitlement.step)).one() == "none"


def test_a_payment_that_the_bank_asks_about_leads_to_the_invoice(
    app: Flask, sdk: stripe.StripeClient, failing: Subscribed, session: Session
) -> None:
    clocks.new_card(sdk, failing.customer, "pm_card_threeDSecure2Required")
    session.rollback()
    due = session.scalars(select(Invoice.hosted_invoice_url).where(Invoice.status == "open")).one()
    visitor = visitor_of(app, failing.client_id)
    visitor.get(f"{PAGE}/return")
    assert form_of(visitor.get(PAGE), "pay-now").send(visitor).location == due
    page = visitor.get(PAGE)
    assert "Confirm your payment of US$49.00" in text_of(page)
    assert f'id="confirm-payment" href="{due}"' in markup_of(page)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (
            {
                "card": "",
                "trial_period_days": 14,
                "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
            },
            ["Your trial ends on", "Add a card to keep Growth.", "Trial, 13 days left", "Add a card"],
        ),
        ({"trial_period_days": 14}, ["Your trial ends on", "Then US$49.00 is charged to Visa ending 4242."]),
        ({"cancel_at_period_end": True}, ["Growth ends on", "You keep everything until then.", "Keep the plan"]),
        (
            {"card": "pm_card_chargeCustomerFail", "payment_behavior": "allow_incomplete"},
            ["Your payment is not finished", "Your plan starts as soon as US$49.00 is paid.", "Waiting for payment"],
        ),
    ],
)
def test_every_state_of_a_subscription_is_told(
    app: Flask, subscribe: Subscribe, given: dict[str, Any], parts: list[str]
) -> None:
    words = words_of(app, subscribe(**given).client_id)
    for part in parts:
        assert part in words, words


def test_the_end_of_a_subscription_is_told(app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe) -> None:
    one = subscribe()
    sdk.v1.subscriptions.cancel(one.subscription)
    catch_up(app, sdk, one)
    words = words_of(app, one.client_id)
    assert "Your subscription has ended You have no plan now. Nothing was deleted." in words
    assert "Choose a plan" in words


def test_a_suspended_client_reads_why_nothing_works(app: Flask, subscribe: Subscribe) -> None:
    one = subscribe()
    change_client(one.client_id, suspended_at=clock.now(), suspension_reason="They shouted")
    words = words_of(app, one.client_id)
    assert "Access is suspended" in words
    assert "They shouted" not in words


def test_without_a_plan_or_with_a_free_one_another_can_be_chosen(app: Flask, owner: Staff, session: Session) -> None:
    client_id = new_client()
    words = words_of(app, client_id)
    assert "You have no plan" in words
    assert "Choose a plan" in words
    assert "Payment method" not in words
    free = new_plan(owner.id, "Starter", is_active=True)
    change_client(client_id, base_plan_id=free)
    words = words_of(app, client_id)
    assert "Starter Free Active" in words
    assert "Choose another plan" in words


def test_a_client_without_a_customer_is_told_that_nothing_can_be_done_there(app: Flask, session: Session) -> None:
    visitor = visitor_of(app, new_client())
    for path in ("payment-method", "details", "payments"):
        answer = visitor.submit(f"{PAGE}/{path}")
        assert answer.status_code == 422
        assert "Payments are not available right now." in text_of(answer)


def test_the_page_stands_while_stripe_is_away(app: Flask, sandbox: Sandbox, subscribe: Subscribe) -> None:
    visitor = visitor_of(app, subscribe().client_id)
    sandbox.control("faults", kind="500")
    assert visitor.get(PAGE).status_code == 200
    for path in ("payment-method", "details"):
        answer = visitor.submit(f"{PAGE}/{path}")
        assert answer.status_code == 503
        assert "Stripe does not answer right now." in text_of(answer)
        assert "Visa ending 4242" in text_of(answer)
    assert visitor.get(f"{PAGE}/return").location == PAGE


def test_hostile_names_are_only_names(app: Flask, subscribe: Subscribe) -> None:
    one = subscribe(name='<img src=x onerror="alert(1)">')
    page = visitor_of(app, one.client_id).get(PAGE)
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


def configurations(sdk: stripe.StripeClient) -> list[stripe.billing_portal.Configuration]:
    return list(sdk.v1.billing_portal.configurations.list().data)


def test_our_configuration_is_made_once_and_kept_up_to_date(
    app: Flask, signed_in: Visitor, sdk: stripe.StripeClient, subscribe: Subscribe
) -> None:
    visitor = visitor_of(app, subscribe().client_id)
    for _ in range(2):
        visitor.submit(f"{PAGE}/payment-method")
    (made,) = configurations(sdk)
    assert made.features.payment_method_update.enabled
    assert not made.features.subscription_cancel.enabled
    assert not made.features.subscription_update.enabled
    signed_in.submit("/settings/branding", {"name": "North", "colour": "#3956c1"})
    visitor.submit(f"{PAGE}/payment-method")
    (changed,) = configurations(sdk)
    assert changed.business_profile.headline == "North"


def test_a_configuration_that_is_gone_or_out_of_use_is_put_right(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe, session: Session
) -> None:
    visitor = visitor_of(app, subscribe().client_id)
    visitor.submit(f"{PAGE}/details")
    (made,) = configurations(sdk)
    sdk.v1.billing_portal.configurations.update(made.id, params={"active": False})
    assert visitor.submit(f"{PAGE}/details").status_code == 303
    with transaction() as writing:
        writing.scalars(select(PortalConfiguration)).one().stripe_configuration_id = "bpc_gone"
    assert visitor.submit(f"{PAGE}/details").status_code == 303
    session.rollback()
    assert session.scalars(select(PortalConfiguration.stripe_configuration_id)).one() != "bpc_gone"


def test_older_invoices_are_on_further_pages(app: Flask, subscribe: Subscribe, session: Session) -> None:
    one = subscribe()
    with transaction() as writing:
        first = writing.scalars(select(Invoice)).one()
        columns = {column.key: getattr(first, column.key) for column in Invoice.__table__.columns if column.key != "id"}
        for number in range(20):
            copied = {**columns, "stripe_invoice_id": f"in_{number}", "number": f"OLD-{number:02}"}
            then = first.created_at - timedelta(days=number + 1)
            writing.add(Invoice(**{**copied, "created_at": then, "finalized_at": then}))
    visitor = visitor_of(app, one.client_id)
    page = visitor.get(PAGE)
    assert "OLD-10" in page.text
    assert "OLD-11" not in page.text
    older = markup_of(page).partition('id="older-invoices" href="')[2].partition("#")[0].replace("&amp;", "&")
    rest = visitor.get(older)
    assert "OLD-11" in rest.text
    assert "Show older invoices" not in rest.text


def answers(visitor: Visitor) -> list["TestResponse"]:
    return [visitor.submit(f"{PAGE}/{path}") for path in ("payment-method", "details", "payments")]


def test_every_errand_needs_a_client(app: Flask) -> None:
    stranger = app.test_client()
    assert isinstance(stranger, Visitor)
    assert [answer.status_code for answer in answers(stranger)] == [401, 401, 401]
    assert stranger.get(f"{PAGE}/return").status_code == 401
    assert stranger.get(f"{PAGE}/next-payment").status_code == 401


def test_a_trial_with_a_card_can_be_started_and_a_leaving_client_stays(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe
) -> None:
    trial = subscribe(trial_period_days=14)
    visitor = visitor_of(app, trial.client_id)
    assert 'href="/portal/billing/trial-end"' in visitor.get(PAGE).text
    form = form_of(visitor.get(f"{PAGE}/trial-end"), "start-now")
    assert form.button == "Start now and pay US$49.00"
    form.send(visitor)
    assert sdk.v1.subscriptions.retrieve(trial.subscription).status == "active"
    leaving = subscribe(name="Coral Dental", cancel_at_period_end=True)
    visitor = visitor_of(app, leaving.client_id)
    visitor.submit(f"{PAGE}/cancellation/removal")
    words = text_of(visitor.get(PAGE))
    assert "Keep the plan" not in words
    assert "Active · renews on" in words


def test_a_change_that_comes_later_is_told(
    app: Flask, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount, subscribe: Subscribe
) -> None:
    one = subscribe()
    smaller = paid_plan(owner.id, catalog(sandbox, stripe_account), app, "Starter", amount=900)
    with transaction() as writing:
        writing.get_one(Plan, smaller).position = -1
    with app.app_context():
        move(one.client_id, smaller, timing="renewal")
    words = words_of(app, one.client_id)
    assert "The change to Starter comes on" in words
    assert "Keep the present plan" in words


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeCustomerFail"])
def test_a_trial_that_paused_goes_on_once_a_card_was_added_and_charged(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe, card: str
) -> None:
    test_clock = clocks.new_clock(sdk)
    end = {"end_behavior": {"missing_payment_method": "pause"}}
    one = subscribe(test_clock=test_clock, card="", trial_period_days=7, trial_settings=end)
    clocks.advance(sdk, test_clock, clocks.START + 8 * clocks.DAY)
    catch_up(app, sdk, one, test_clock)
    visitor = visitor_of(app, one.client_id)
    assert "Your trial ended without a card. Add one to go on." in text_of(visitor.get(PAGE))
    clocks.new_card(sdk, one.customer, card)
    visitor.get(f"{PAGE}/return")
    assert "Resume your plan" in text_of(visitor.get(PAGE))
    form = form_of(visitor.get(f"{PAGE}/resumption"), "resume-plan")
    assert form.button == "Resume and pay US$49.00"
    answer = form.send(visitor)
    words = text_of(visitor.get(PAGE))
    if card == "pm_card_visa":
        assert answer.status_code == 303
        assert "Growth US$49.00 a month Active" in words
    else:
        assert answer.status_code == 422
        assert "Nothing was charged." in text_of(answer)
        assert "Growth US$49.00 a month Active" not in words


def test_credit_and_what_is_owed_are_said_on_both_pages(
    app: Flask, signed_in: Visitor, sdk: stripe.StripeClient, subscribe: Subscribe
) -> None:
    """Also when no payment comes any more: the money is still the client's."""
    client = subscribe()
    staff_page = f"/saas/clients/{client.client_id}"
    assert "credit" not in words_of(app, client.client_id)
    assert "Credit US$" not in text_of(signed_in.get(staff_page))

    sdk.v1.customers.update(client.customer, params={"balance": -6278})
    sdk.v1.subscriptions.cancel(client.subscription)
    catch_up(app, sdk, client)
    assert "US$62.78 credit Taken off your next invoices." in words_of(app, client.client_id)
    assert "Credit US$62.78 Taken off the next invoices, by Stripe" in text_of(signed_in.get(staff_page))

    sdk.v1.customers.update(client.customer, params={"balance": 700})
    catch_up(app, sdk, client)
    assert "US$7.00 owed from before Added to your next invoice." in words_of(app, client.client_id)
    assert "Owed from before US$7.00 Added to the next invoice, by Stripe" in text_of(signed_in.get(staff_page))


def test_credit_of_a_client_who_never_paid_is_in_its_currency_or_not_said(
    app: Flask, sdk: stripe.StripeClient, subscribe: Subscribe
) -> None:
    client = subscribe()
    with app.app_context(), transaction() as session:
        session.query(Customer).update({"balance_minor": -500, "currency": "eur"})
    assert "€5.00 credit" in words_of(app, client.client_id)
    with app.app_context(), transaction() as session:
        session.query(Customer).update({"currency": None})
    assert "US$5.00 credit" in words_of(app, client.client_id)
    with app.app_context(), transaction() as session:
        session.query(Customer).update({"deleted_at": clock.now()})
    assert "credit" not in words_of(app, client.client_id)
