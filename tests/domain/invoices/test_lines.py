"""All lines of an invoice are read when it is made and when it is final, whatever happens meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import stripe
from sqlalchemy import func, select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.connection.processor_accounts import gateway_of
from billingportal.domain.invoices import lines
from billingportal.jobs.subscriptions import invoices as invoice_jobs
from billingportal.models import Invoice, InvoiceLinesRead
from billingportal.portal import current_portal
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.people.clients import link_customer, new_client
from tests.support.stripe.one_offs import one_off
from tests.support.stripe.worlds import World

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def sdk(world: World) -> stripe.StripeClient:
    world.connect()
    world.work()
    return world.sandbox.client(world.stripe_account.test_key)


@pytest.fixture
def customer(world: World, sdk: stripe.StripeClient) -> str:
    """A client's customer."""
    made = sdk.v1.customers.create(params={"name": "Harbor"}).id
    link_customer(new_client(), world.row().id, made)
    return made


def draft_of(sdk: stripe.StripeClient, customer: str, *amounts: int) -> str:
    """A draft with a line for each of these amounts; its id."""
    terms: Any = {"customer": customer, "currency": "usd", "auto_advance": False}
    draft = str(sdk.v1.invoices.create(params=terms).id)
    for amount in amounts:
        add_line(sdk, customer, draft, amount)
    return draft


def add_line(sdk: stripe.StripeClient, customer: str, draft: str, amount: int) -> None:
    item: Any = {"customer": customer, "invoice": draft, "amount": amount, "currency": "usd", "description": "Setup"}
    sdk.v1.invoice_items.create(params=item)


def stored(world: World, invoice_id: str) -> list[int]:
    """The amounts of the stored lines."""
    found = world.session.scalars(select(Invoice).where(Invoice.stripe_invoice_id == invoice_id)).one()
    return [line.amount_minor for line in lines.lines_of(world.session, found)]


def reading(world: World) -> InvoiceLinesRead:
    return world.session.scalars(select(InvoiceLinesRead)).one()


def gateway_for(world: World) -> StripeGateway:
    return gateway_of(world.row(), world.portal.vault, world.portal.open_gateway)


def test_the_lines_of_a_draft_are_read_again_when_it_changes_and_when_it_is_final(
    world: World, sdk: stripe.StripeClient, customer: str
) -> None:
    draft = draft_of(sdk, customer, 100, 200)
    world.read_events()
    assert stored(world, draft) == [100, 200]
    assert (reading(world).of_status, reading(world).next_attempt_at) == ("draft", None)

    add_line(sdk, customer, draft, -50)
    world.read_events()
    assert stored(world, draft) == [100, 200, -50]

    sdk.v1.invoices.finalize_invoice(draft)
    world.read_events()
    assert stored(world, draft) == [100, 200, -50]
    assert (reading(world).of_status, reading(world).next_attempt_at) == ("open", None)


@ONE_DATABASE
def test_payments_and_customers_of_nobody_cost_no_request(
    world: World, sdk: stripe.StripeClient, customer: str
) -> None:
    stranger = sdk.v1.customers.create(params={"name": "Nobody's"}).id
    draft = draft_of(sdk, customer, 100)
    sdk.v1.invoices.finalize_invoice(draft)
    world.read_events()
    world.forget_asked()
    sdk.v1.invoices.pay(draft, params={"paid_out_of_band": True})
    one_off(sdk, stranger)
    world.read_events()

    assert not [path for path in world.asked() if path.endswith("/lines")]
    assert world.session.scalar(select(func.count()).select_from(InvoiceLinesRead)) == 1


@ONE_DATABASE
def test_several_hundred_lines_come_from_all_pages(world: World, sdk: stripe.StripeClient, customer: str) -> None:
    amounts = [*range(1, 221)]
    draft = draft_of(sdk, customer, *amounts)
    world.read_events()

    assert stored(world, draft) == amounts
    assert sum(path.endswith(f"{draft}/lines") for path in world.asked()) >= 3


@ONE_DATABASE
def test_while_stripe_is_away_the_lines_wait_and_then_they_are_read(
    world: World, sdk: stripe.StripeClient, customer: str
) -> None:
    draft = draft_of(sdk, customer, 100)
    world.sandbox.control("faults", kind="500", path_prefix=f"/v1/invoices/{draft}/lines")
    world.read_events()
    assert stored(world, draft) == []
    waits = reading(world).next_attempt_at
    assert waits is not None
    assert clock.now() < waits <= clock.now() + lines.FIRST_PAUSE * 4
    world.forget_asked()
    invoice_jobs.read_invoice_lines(current_portal())
    assert world.asked() == []

    world.sandbox.control("faults", verb="DELETE")
    make_due()
    invoice_jobs.read_invoice_lines(current_portal())
    assert stored(world, draft) == [100]


@ONE_DATABASE
def test_a_pause_that_a_fast_clock_stamped_is_over(world: World, sdk: stripe.StripeClient, customer: str) -> None:
    draft = draft_of(sdk, customer, 100)
    world.read_events()
    add_line(sdk, customer, draft, 5)
    make_due(clock.now() + timedelta(days=2))
    invoice_jobs.read_invoice_lines(current_portal())
    assert stored(world, draft) == [100, 5]


@ONE_DATABASE
def test_a_deleted_draft_keeps_what_was_read_and_is_not_asked_for_again(
    world: World, sdk: stripe.StripeClient, customer: str
) -> None:
    draft = draft_of(sdk, customer, 100)
    world.read_events()
    with transaction() as session:
        session.scalars(select(Invoice)).one().deleted_at = clock.now()
    make_due()
    world.forget_asked()
    for _ in range(2):
        invoice_jobs.read_invoice_lines(current_portal())

    assert world.asked() == []
    assert stored(world, draft) == [100]


def test_a_change_during_a_reading_is_read_afterwards(world: World, sdk: stripe.StripeClient, customer: str) -> None:
    draft = draft_of(sdk, customer, 100)
    world.read_events()
    make_due()

    def change() -> None:
        add_line(sdk, customer, draft, 7)
        make_due()

    read_with(world, change)
    assert stored(world, draft) == [100]
    assert reading(world).next_attempt_at is not None
    invoice_jobs.read_invoice_lines(current_portal())
    assert stored(world, draft) == [100, 7]
    assert reading(world).next_attempt_at is None


def test_of_two_readings_the_one_that_began_later_counts(world: World, sdk: stripe.StripeClient, customer: str) -> None:
    draft = draft_of(sdk, customer, 100)
    world.read_events()
    make_due()

    def change_and_read() -> None:
        add_line(sdk, customer, draft, 7)
        make_due()
        invoice_jobs.read_invoice_lines(current_portal())

    read_with(world, change_and_read)
    assert stored(world, draft) == [100, 7]


@ONE_DATABASE
def test_nobody_reads_while_another_one_does(world: World, sdk: stripe.StripeClient, customer: str) -> None:
    draft_of(sdk, customer, 100)
    world.read_events()
    make_due()
    asked: list[str] = []

    def look() -> None:
        world.forget_asked()
        invoice_jobs.read_invoice_lines(current_portal())
        asked.extend(world.asked())

    read_with(world, look)
    assert asked == []


def read_with(world: World, meanwhile: Callable[[], None]) -> None:
    """Read the due lines; something else happens between Stripe's answer and the storing of it."""
    gateway = gateway_for(world)
    ask = gateway.invoice_lines

    def asked(invoice_id: str) -> Any:
        answer = ask(invoice_id)
        meanwhile()
        return answer

    gateway.invoice_lines = asked  # type: ignore[method-assign]
    lines.read_due(transaction, gateway, world.row().id)


def make_due(moment: datetime | None = None) -> None:
    with transaction() as session:
        row = session.scalars(select(InvoiceLinesRead)).one()
        row.next_attempt_at = moment or clock.now() - timedelta(days=1)
