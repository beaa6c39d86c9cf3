"""What was bought stays known: whatever staff do to a plan's prices, a running subscription means what it meant."""

from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from sqlalchemy import select

from billingportal.db import transaction
from billingportal.domain.adoption import matching
from billingportal.domain.offers import offers
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plans import drift_repair, lifecycle, plans, price_links, resources
from billingportal.domain.plans.drift_repair import Repairing
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.subscriptions import retired_links
from billingportal.errors import Conflict, Refusal
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.models import Customer, Entitlement, Plan, PlanPrice
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.sandbox.clocks import DAY, advance, frozen, new_clock
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.edits import read_price, sell_by
from tests.support.catalog.plans import resource_id
from tests.support.people.clients import Subscribed, connection, plan_of, subscribed_client
from tests.support.people.plan_changes import move, wait_for_next_second
from tests.support.stripe.worlds import World


@dataclass(frozen=True)
class Business:
    """A partner who sells Growth for 15.00 a month, and then changes it."""

    world: World
    sdk: stripe.StripeClient
    staff_id: int
    growth: int
    price: str
    product: str

    @property
    def goods(self) -> Catalog:
        return Catalog(self.sdk)

    def subscribe(self, plan_id: int | None = None, **given: Any) -> Subscribed:
        return subscribed_client(self.world.app, self.sdk, plan_id or self.growth, **given)

    def sell_by(self, *links: Link, plan_id: int | None = None) -> None:
        sell_by(self.world.app, self.staff_id, plan_id or self.growth, *links)

    def dearer(self, **given: Any) -> str:
        return self.goods.price(product=self.product, unit_amount=1900, **given)

    def happens(self, client: Subscribed) -> None:
        """The next event about the client, and its evaluation."""
        self.sdk.v1.subscriptions.update(client.subscription, params={"metadata": {"seen": "again"}})
        self.world.read_events()
        entitlement_jobs.evaluate_clients(current_portal())

    def held(self, client: Subscribed) -> Entitlement:
        return self.world.session.scalars(select(Entitlement).where(Entitlement.client_id == client.client_id)).one()

    def bought(self, client: Subscribed) -> dict[str, int | None]:
        """The quotas that the client bought by number."""
        return {row.resource.key: row.quota for row in self.held(client).quotas if row.source == "bought"}

    def link(self, price: str, plan_id: int | None = None) -> PlanPrice:
        """The newest link of a plan to the price."""
        found = select(PlanPrice).where(
            PlanPrice.stripe_price_id == price, PlanPrice.plan_id == (plan_id or self.growth)
        )
        return self.world.session.scalars(found.order_by(PlanPrice.id.desc())).first() or pytest.fail("no link")

    def for_sale(self, plan_id: int | None = None) -> list[str]:
        plan = self.world.session.get_one(Plan, plan_id or self.growth)
        return [
            one.price.stripe_price_id
            for choice in offers.offer(self.world.session, plan, "test").choices
            for one in choice.prices
        ]

    def repair(self, price: str, kind: Any) -> None:
        _, gateway = connection()
        drift_repair.repair_drift(Repairing(transaction, gateway, self.link(price).id, kind, self.staff_id))

    def payers(self, price: str) -> retired_links.Payers:
        return retired_links.payers_of(self.world.session, [self.link(price)])


@pytest.fixture
def business(world: World, owner: Staff) -> Business:
    world.connect()
    world.work()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    goods = Catalog(sdk)
    product = goods.product("Growth")
    price = goods.price(product=product, unit_amount=1500, lookup_key="growth_monthly")
    contacts = resource_id(world.session, "contacts")
    plan_of(owner.id, world.app, [], "Free")
    plan_id = plan_of(owner.id, world.app, [Link(price, "flat")], quotas={contacts: Limit(5000)})
    return Business(world, sdk, owner.id, plan_id, price, product)


def raise_by_lookup_key(business: Business) -> str:
    """The lookup key moves in Stripe, and staff press "Sell US$19.00"."""
    new = business.dearer(lookup_key="growth_monthly", transfer_lookup_key=True)
    for price in (business.price, new):
        read_price(business.world.app, price)
    business.repair(business.price, "link_other")
    return new


def raise_in_the_form(business: Business) -> str:
    new = business.dearer()
    business.sell_by(Link(new, "flat"))
    return new


def raise_after_archiving(business: Business) -> str:
    business.sdk.v1.prices.update(business.price, params={"active": False})
    read_price(business.world.app, business.price)
    return raise_in_the_form(business)


RAISES = [raise_by_lookup_key, raise_in_the_form, raise_after_archiving]


@pytest.mark.parametrize("raise_price", RAISES)
def test_a_raised_price_leaves_those_who_pay_the_old_one_on_their_plan(business: Business, raise_price: Any) -> None:
    client = business.subscribe()

    new = raise_price(business)
    business.happens(client)

    held = business.held(client)
    assert (held.plan_id, held.source) == (business.growth, "subscription")
    assert business.for_sale() == [new]
    assert business.payers(business.price) == retired_links.Payers(1, 0, 0)


def test_a_number_that_was_bought_stays_a_number_of_the_same_resource(business: Business) -> None:
    contacts = resource_id(business.world.session, "contacts")
    members = resource_id(business.world.session, "team_members")
    each = business.goods.price(unit_amount=2)
    seats = plan_of(business.staff_id, business.world.app, [Link(each, "quantity", contacts)], "Seats")
    before = business.subscribe(seats, quantities={"contacts": 40})

    business.sell_by(Link(each, "quantity", members), plan_id=seats)
    business.happens(before)
    wait_for_next_second()
    after = business.subscribe(seats, quantities={"team_members": 7})

    assert (business.held(before).plan_id, business.bought(before)) == (seats, {"contacts": 40})
    assert (business.held(after).plan_id, business.bought(after)) == (seats, {"team_members": 7})
    old, new = business.world.session.scalars(
        select(PlanPrice).where(PlanPrice.plan_id == seats).order_by(PlanPrice.id)
    )
    assert retired_links.payers_of(business.world.session, [old]).clients == 1
    assert retired_links.payers_of(business.world.session, [new]).clients == 1


def test_a_removed_usage_price_goes_on_meaning_its_plan(business: Business) -> None:
    contacts = resource_id(business.world.session, "contacts")
    use = business.goods.metered(business.goods.meter())
    by_use = plan_of(business.staff_id, business.world.app, [Link(use, "usage", contacts)], "By use")
    client = business.subscribe(by_use)
    assert business.held(client).plan_id == by_use

    business.sell_by(plan_id=by_use)
    business.happens(client)

    assert business.held(client).plan_id == by_use
    assert not offers.offer(business.world.session, business.world.session.get_one(Plan, by_use), "test").is_for_sale


def test_an_archived_plan_keeps_its_clients(business: Business) -> None:
    client = business.subscribe()

    business.sell_by()
    with transaction() as session:
        lifecycle.archive_plan(session, business.growth, staff_id=business.staff_id)
    business.happens(client)

    assert business.held(client).plan_id == business.growth


def test_a_price_that_another_plan_sells_now_keeps_its_old_clients_on_the_old_plan(business: Business) -> None:
    before = business.subscribe()

    business.sell_by()
    other = plan_of(business.staff_id, business.world.app, [Link(business.price, "flat")], "Scale")
    business.happens(before)
    wait_for_next_second()
    after = business.subscribe(other)

    assert business.held(before).plan_id == business.growth
    assert business.held(after).plan_id == other
    assert (business.payers(business.price).clients, business.for_sale(other)) == (1, [business.price])


def test_a_scheduled_change_leads_to_its_plan_though_the_price_is_replaced_meanwhile(business: Business) -> None:
    test_clock = new_clock(business.sdk)
    cheap = business.goods.price(unit_amount=900)
    starter = plan_of(business.staff_id, business.world.app, [Link(cheap, "flat")], "Starter")
    with transaction() as session:
        lifecycle.move_plan(session, starter, "up", staff_id=business.staff_id)
    client = business.subscribe(test_clock=test_clock)
    _, change = move(client.client_id, starter, Selection(("month", 1), "usd"))
    assert (change.timing, change.state) == ("renewal", "scheduled")

    business.sell_by(Link(business.goods.price(unit_amount=1100), "flat"), plan_id=starter)
    assert retired_links.payers_of(business.world.session, [business.link(cheap, starter)]).scheduled == 1
    advance(business.sdk, test_clock, frozen(business.sdk, test_clock) + 32 * DAY)
    business.world.read_events()
    entitlement_jobs.evaluate_clients(current_portal())

    assert business.held(client).plan_id == starter


def test_a_customer_who_is_adopted_later_has_the_plan_that_sold_the_price(business: Business) -> None:
    card = "pm_card_visa"
    customer = business.sdk.v1.customers.create(
        params={
            "email": "old@harbor.example",
            "payment_method": card,
            "invoice_settings": {"default_payment_method": card},
        }
    ).id
    business.sdk.v1.subscriptions.create(params={"customer": customer, "items": [{"price": business.price}]})
    raise_in_the_form(business)
    other = plan_of(business.staff_id, business.world.app, [Link(business.price, "flat")], "Scale")

    business.world.read_events()

    session = business.world.session
    rows = session.scalars(select(Customer).where(Customer.stripe_customer_id == customer)).all()
    (found,) = matching.candidates(session, business.world.row(), rows)
    assert found.plan is not None
    assert found.plan.id == business.growth != other
    assert business.payers(business.price) == retired_links.Payers(0, 1, 0)


def test_a_plan_whose_prices_are_all_retired_is_not_free(business: Business) -> None:
    business.subscribe()
    business.sell_by()

    offer = offers.offer(business.world.session, business.world.session.get_one(Plan, business.growth), "test")
    assert not offer.is_free
    assert not offer.is_for_sale


def test_a_link_of_a_draft_that_nobody_bought_is_forgotten(business: Business) -> None:
    with transaction() as session:
        lifecycle.deactivate_plan(session, business.growth, staff_id=business.staff_id)
    raise_in_the_form(business)

    links = business.world.session.scalars(select(PlanPrice).where(PlanPrice.plan_id == business.growth)).all()
    assert [link.retired_at for link in links] == [None]


def test_a_retired_price_can_be_removed_once_nobody_pays_it_and_still_tells_what_it_sold(business: Business) -> None:
    client = business.subscribe()
    raise_in_the_form(business)
    link_id = business.link(business.price).id

    with pytest.raises(Conflict), transaction() as session:
        retired_links.remove_link(session, link_id, staff_id=business.staff_id)
    business.sdk.v1.subscriptions.cancel(client.subscription)
    business.world.read_events()
    assert not business.payers(business.price).are_there
    with transaction() as session:
        retired_links.remove_link(session, link_id, staff_id=business.staff_id)

    shown = business.world.session.get_one(Plan, business.growth)
    assert retired_links.retired_prices(business.world.session, shown, business.world.row().id) == []
    again = business.sdk.v1.subscriptions.create(
        params={"customer": client.customer, "items": [{"price": business.price}]}
    )
    back = Subscribed(client.client_id, client.account_id, client.customer, again.id)
    business.happens(back)
    assert business.held(back).plan_id == business.growth
    found = retired_links.retired_prices(business.world.session, shown, business.world.row().id)
    assert [one.payers.clients for one in found] == [1]


def test_a_price_that_is_sold_again_is_no_longer_retired(business: Business) -> None:
    client = business.subscribe()
    raise_in_the_form(business)
    business.sell_by(Link(business.price, "flat"))
    business.happens(client)

    session = business.world.session
    assert business.held(client).plan_id == business.growth
    account_id = business.world.row().id
    plan = session.get_one(Plan, business.growth)
    assert [one.link.stripe_price_id for one in retired_links.retired_prices(session, plan, account_id)] != [
        business.price
    ]
    assert [link.stripe_price_id for link in price_links.links_of(plan, account_id)] == [business.price]


def test_a_resource_that_was_sold_can_be_hidden_and_not_deleted(business: Business) -> None:
    with transaction() as session:
        own = resources.create_resource(session, "Stickers", "stickers", "gauge", staff_id=business.staff_id).id
    each = business.goods.price(unit_amount=2)
    plan_id = plan_of(business.staff_id, business.world.app, [Link(each, "quantity", own)], "Seats")
    client = business.subscribe(plan_id, quantities={"stickers": 3})
    business.sell_by(plan_id=plan_id)
    with pytest.raises(Refusal), transaction() as session:
        resources.remove_resource(session, own, staff_id=business.staff_id)
    business.sdk.v1.subscriptions.cancel(client.subscription)
    business.world.read_events()
    link_id = business.link(each, plan_id).id
    with transaction() as session:
        retired_links.remove_link(session, link_id, staff_id=business.staff_id)

    with pytest.raises(Refusal, match="bought this resource once"), transaction() as session:
        resources.remove_resource(session, own, staff_id=business.staff_id)
    with transaction() as session:
        resources.hide_resource(session, own, staff_id=business.staff_id)


def test_a_copy_sells_only_what_is_for_sale(business: Business) -> None:
    business.subscribe()
    new = raise_in_the_form(business)
    with transaction() as session:
        copy_id = plans.copy_plan(session, business.growth, staff_id=business.staff_id).id

    links = business.world.session.get_one(Plan, copy_id).links
    assert [(link.stripe_price_id, link.retired_at) for link in links] == [(new, None)]
