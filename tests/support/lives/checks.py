"""After every step: the client's page, the staff's page and Stripe agree, and with what was sold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from billingportal.domain.common.dates import day
from tests.support.lives.pages import Seen, client_page, minor_in, staff_page
from tests.support.lives.shops import FREE, Person, Shop
from tests.support.pages import text_of

PAGE = "/portal/billing"
ENDED = ("canceled", "incomplete_expired")
CHARGED = ("trialing", "active", "past_due")


@dataclass(frozen=True)
class Truth:
    """A subscription as Stripe has it, and Stripe's preview of its next invoice."""

    subscription: stripe.Subscription
    preview: stripe.Invoice | None
    invoices: list[stripe.Invoice]

    @property
    def price(self) -> str:
        return str(self.subscription["items"].data[0].price.id)

    @property
    def was_paid(self) -> bool:
        """Whether an invoice was paid that charged for something."""
        return any(one.status == "paid" and any(line.amount > 0 for line in one.lines.data) for one in self.invoices)


def truth_of(shop: Shop, one: Person) -> Truth | None:
    if one.subscription is None:
        return None
    found = shop.sdk.v1.subscriptions.retrieve(one.subscription)
    params: Any = {"subscription": one.subscription, "limit": 100}
    invoices = shop.sdk.v1.invoices.list(params).data
    return Truth(found, preview_of(shop, one), invoices)


def preview_of(shop: Shop, one: Person) -> stripe.Invoice | None:
    """Stripe's preview of the next invoice; None where it says that there is none."""
    try:
        return shop.sdk.v1.invoices.create_preview({"subscription": one.subscription or ""})
    except stripe.InvalidRequestError:
        return None


def expected_plan(shop: Shop, one: Person, truth: Truth | None) -> str:
    """What was sold, as far as it is paid or on trial."""
    if truth is None or one.price is None or truth.subscription.status in (*ENDED, "incomplete"):
        return FREE
    is_had = truth.subscription.status in ("trialing", "active") or truth.was_paid
    return shop.sold_as[one.price] if is_had else FREE


def look(shop: Shop, one: Person) -> tuple[Seen, Seen]:
    """The client's page and the staff's."""
    mine, theirs = one.visitor.get(PAGE), shop.staff.get(f"/saas/clients/{one.client_id}")
    assert (mine.status_code, theirs.status_code) == (200, 200)
    return client_page(mine), staff_page(theirs)


def check(shop: Shop, people: Iterable[Person]) -> None:
    for one in people:
        check_person(shop, one)


def check_person(shop: Shop, one: Person) -> None:
    truth = truth_of(shop, one)
    mine, theirs = look(shop, one)
    plan = expected_plan(shop, one, truth)
    if truth is not None and truth.subscription.status not in ENDED:
        assert truth.price == one.price, f"{one.name} pays another price than was agreed"
    assert mine.plan == theirs.plan, one.name
    assert mine.coming == theirs.coming, one.name
    if truth is not None and mine.coming:  # a change that gives more and is not paid yet
        assert plan in mine.coming, (one.name, plan, mine)
        assert is_owing(truth), (one.name, mine)
    else:
        assert mine.plan == plan, (one.name, truth and truth.subscription.status)
    if truth is not None:
        check_next(shop, one, truth, mine, theirs)
        check_due(one, truth, mine, theirs)


def is_owing(truth: Truth) -> bool:
    """Whether the newest invoice that is not void is not paid, or was given up."""
    newest = next((row.status for row in truth.invoices if row.status != "void"), "")
    return truth.subscription.status in ("past_due", "unpaid", "paused") or newest != "paid"


def has_card(shop: Shop, one: Person, row: stripe.Subscription) -> bool:
    """Whether Stripe can charge the client."""
    customer = shop.sdk.v1.customers.retrieve(one.customer)
    usual = customer.invoice_settings
    return bool(row.default_payment_method or (usual and usual.default_payment_method))


def ends_unpaid(shop: Shop, one: Person, row: stripe.Subscription) -> bool:
    """Whether its trial ends without a charge, as Stripe was told."""
    if row.status != "trialing" or row.trial_settings is None or has_card(shop, one, row):
        return False
    return row.trial_settings.end_behavior.missing_payment_method != "create_invoice"


def check_next(shop: Shop, one: Person, truth: Truth, mine: Seen, theirs: Seen) -> None:
    """The next payment is Stripe's, on both pages."""
    row, preview = truth.subscription, truth.preview
    is_charged = row.status in CHARGED and row.pause_collection is None and not ends_unpaid(shop, one, row)
    if not is_charged or preview is None:
        assert {theirs.next_words, mine.next_words} <= {"", "Not known yet"}, (one.name, row.status, theirs, mine)
        return
    if (
        not theirs.next_words
        and not mine.next_words
        and not preview.amount_due
        and (row.cancel_at or row.cancel_at_period_end)
    ):
        return
    assert theirs.next_day == day_of(preview.period_end), (one.name, row.status, theirs)
    if mine.owed is None:  # what is due now takes the place of what comes next
        assert (mine.next_words, mine.next_day) == (theirs.next_words, theirs.next_day), one.name
    if theirs.next_minor is not None:
        assert theirs.next_minor == preview.amount_due, (one.name, row.status, theirs, preview.amount_due)
    else:
        assert is_adjusted(shop, one, truth), (one.name, theirs)
    if shop.chance.random() < 0.2 and mine.next_words:
        exact = client_page(one.visitor.get(f"{PAGE}/next-payment"))
        assert minor_in(exact.next_words) == preview.amount_due, (one.name, exact)


def is_adjusted(shop: Shop, one: Person, truth: Truth) -> bool:
    """Whether more than prices and the balance decides on the next amount, so that only Stripe can tell it.

    A void invoice billed nothing, though it may have taken up prorations that waited.
    """
    row = truth.subscription
    billed = next((invoice for invoice in truth.invoices if invoice.status != "void"), truth.invoices[0])
    waiting: Any = {"customer": one.customer, "pending": True}
    return bool(
        one.price not in billed_in(billed)
        or row.discounts
        or (truth.invoices[0].status == "draft" and moves_balance(shop, one, truth.invoices[0]))
        or row.cancel_at
        or any(item.discounts for item in row["items"].data)
        or shop.sdk.v1.invoice_items.list(waiting).data
    )


def moves_balance(shop: Shop, one: Person, draft: stripe.Invoice) -> bool:
    """Whether a draft takes of the customer's balance, or gives to it."""
    return bool(shop.sdk.v1.customers.retrieve(one.customer).balance) or draft.amount_due != draft.total


def billed_in(invoice: stripe.Invoice) -> list[str]:
    """The prices that an invoice charged for."""
    priced = [line.pricing.price_details for line in invoice.lines.data if line.pricing and line.amount > 0]
    return [str(one.price) for one in priced if one is not None]


def check_due(one: Person, truth: Truth, mine: Seen, theirs: Seen) -> None:
    """What the buttons offer to pay is what Stripe is owed: the newest invoice of the subscription."""
    if mine.due is not None and theirs.due is not None:
        assert mine.due == theirs.due, one.name
    for due in (mine.due, theirs.due, mine.owed):
        owed = [row.amount_remaining for row in truth.invoices if row.status in ("open", "draft", "uncollectible")]
        assert due is None or due in owed, (one.name, due, owed)


def day_of(moment: int) -> str:
    return day(datetime.fromtimestamp(moment, UTC))


def charged(shop: Shop, one: Person) -> int:
    """All that was ever taken from the client, in minor units."""
    params: Any = {"customer": one.customer, "limit": 100}
    return sum(charge.amount for charge in shop.sdk.v1.charges.list(params).auto_paging_iter() if charge.paid)


def page_words(shop: Shop, one: Person) -> str:
    """Both pages, for the report of a failure."""
    mine, theirs = one.visitor.get(PAGE), shop.staff.get(f"/saas/clients/{one.client_id}")
    return f"CLIENT: {text_of(mine)[:900]}\nSTAFF: {text_of(theirs)[:1500]}"
