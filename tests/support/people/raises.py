"""A partner who raised the price of Growth from 15.00 to 19.00 and moves those who pay the old one."""

from dataclasses import dataclass
from typing import Any

import stripe

from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.price_moves import confirmation, moves
from billingportal.domain.price_moves.moves import When
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import SUBSCRIPTION_SCHEDULE, TEST_CLOCK
from billingportal.jobs.subscriptions import price_moves as price_move_jobs
from billingportal.models import OutgoingMail, PlanPrice, PriceMove, PriceMoveClient
from billingportal.portal import current_portal
from tests.sandbox.clocks import DAY, HOUR, advance, frozen
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.edits import sell_by
from tests.support.catalog.plans import resource_id
from tests.support.people.clients import Subscribed, catch_up, connection, plan_of, subscribed_client
from tests.support.people.mail_receiver import switch_mail_on
from tests.support.stripe.worlds import World

AT_RENEWAL = When("renewal", None, 14)


@dataclass(frozen=True)
class Raise:
    """Works inside an application context."""

    world: World
    sdk: stripe.StripeClient
    staff_id: int
    plan_id: int
    old: str
    new: str

    def subscribe(self, name: str = "Harbor Dental", **given: Any) -> Subscribed:
        """A client who bought before the price was raised."""
        return subscribed_client(self.world.app, self.sdk, self.plan_id, name=name, **given)

    def raise_price(self) -> None:
        sell_by(self.world.app, self.staff_id, self.plan_id, Link(self.new, "flat"))

    def link_id(self) -> int:
        found = self.world.session.query(PlanPrice).filter_by(stripe_price_id=self.old)
        return max(link.id for link in found)

    def begin(self) -> int:
        link_id = self.link_id()
        with transaction() as session:
            return moves.begin(session, link_id, staff_id=self.staff_id).id

    def choose(self, move_id: int, when: When = AT_RENEWAL) -> None:
        with transaction() as session:
            moves.choose_time(session, move_id, when)
            moves.review(session, move_id)

    def seal(self, move_id: int) -> str:
        session = self.world.session
        return confirmation.seal(session.get_one(PriceMove, move_id), moves.rows_of(session, move_id))

    def confirm(self, move_id: int, sentence: str = "") -> None:
        seal = self.seal(move_id)
        with transaction() as session:
            confirmation.confirm(session, move_id, seal, sentence, staff_id=self.staff_id)

    def work(self) -> None:
        """One pass of the worker's job."""
        self.world.session.rollback()
        price_move_jobs.work_on_price_moves(current_portal())

    def confirmed(self) -> int:
        """A move of everyone, confirmed; the worker has not begun."""
        move_id = self.begin()
        self.choose(move_id)
        self.work()
        self.confirm(move_id)
        return move_id

    def planned(self, when: When = AT_RENEWAL) -> int:
        """A move of everyone, confirmed and scheduled."""
        move_id = self.begin()
        self.choose(move_id, when)
        self.work()
        self.confirm(move_id)
        self.work()
        return move_id

    def move(self, move_id: int) -> PriceMove:
        return self.world.session.get_one(PriceMove, move_id, populate_existing=True)

    def rows(self, move_id: int) -> list[PriceMoveClient]:
        return moves.rows_of(self.world.session, move_id)

    def mails(self) -> list[OutgoingMail]:
        found = self.world.session.query(OutgoingMail).filter_by(kind="price_move")
        return list(found.order_by(OutgoingMail.id))

    def schedules(self) -> list[stripe.SubscriptionSchedule]:
        return list(self.sdk.v1.subscription_schedules.list().auto_paging_iter())

    def happens(self, client: Subscribed, test_clock: str | None = None) -> None:
        """Read what became of the client at Stripe, as webhooks would tell."""
        account, gateway = connection()
        if test_clock is not None:
            reconciliation.refresh(transaction, gateway, account.id, TEST_CLOCK, test_clock)
        for one in self.sdk.v1.subscription_schedules.list(params={"customer": client.customer}).data:
            reconciliation.refresh(transaction, gateway, account.id, SUBSCRIPTION_SCHEDULE, one.id)
        catch_up(self.world.app, self.sdk, client, test_clock)

    def pass_days(self, client: Subscribed, test_clock: str, days: int) -> None:
        advance(self.sdk, test_clock, frozen(self.sdk, test_clock) + days * DAY + 2 * HOUR)
        self.happens(client, test_clock)

    def states(self, move_id: int) -> list[str]:
        return [row.state for row in self.rows(move_id)]

    def price(self, client: Subscribed) -> str:
        """The price that the client pays at Stripe."""
        (item,) = self.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data
        return str(item.price.id)

    def totals(self, client: Subscribed) -> list[int]:
        """The totals of the client's invoices, the oldest first."""
        return [one.total for one in self.sdk.v1.invoices.list(params={"customer": client.customer}).data][::-1]


def open_raise(world: World, staff_id: int) -> Raise:
    """The partner, in an account that is connected, with mail switched on."""
    world.connect()
    world.work()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    goods = Catalog(sdk)
    product = goods.product("Growth")
    old, new = goods.price(product=product, unit_amount=1500), goods.price(product=product, unit_amount=1900)
    contacts = resource_id(world.session, "contacts")
    plan_id = plan_of(staff_id, world.app, [Link(old, "flat")], quotas={contacts: Limit(5000)})
    switch_mail_on()
    return Raise(world, sdk, staff_id, plan_id, old, new)
