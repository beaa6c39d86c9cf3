"""Random history for trying things out: customers, subscriptions, and changes to them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog import meters, prices, products
from billingportal.sandbox.resources.customers import customers as customer_customers
from billingportal.sandbox.resources.invoices import invoices
from billingportal.sandbox.resources.subscriptions import subscriptions
from billingportal.sandbox.state.identifiers import letters

MONTHLY = {"interval": "month"}
MOST_STEPS = 1000
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_chargeCustomerFail")


@dataclass
class Author:
    """Runs random actions."""

    call: Call
    chance: random.Random

    def doing(self, **parameters: object) -> Call:
        """The call with other parameters; its events are published with all the others."""
        return replace(self.call, parameters=parameters)

    def pick(self, kind: str) -> Document | None:
        """Any object of a type that is not deleted."""
        found = list(self.call.store.living(kind))
        return self.chance.choice(found) if found else None

    def running(self) -> Document | None:
        """Any subscription that has not ended."""
        found = [one for one in self.call.store.living("subscription") if one["status"] not in ENDED]
        return self.chance.choice(found) if found else None


def history(call: Call, steps: int, seed: int) -> Document:
    """Run `steps` random actions, the same ones for the same seed. Returns the resulting counts.

    Raises ValueError for more than a thousand.
    """
    if not 0 <= steps <= MOST_STEPS:
        raise ValueError(f"steps must be between 0 and {MOST_STEPS}")
    author = Author(call, random.Random(seed))
    refused = 0
    for _ in range(steps):
        sizes, told = call.store.sizes(), len(call.events)
        try:
            author.chance.choice(DEEDS)(author)
        except Refused:  # by chance some things cannot be done, as in life
            call.store.cut_back(sizes)
            del call.events[told:]
            refused += 1
    return {"events": len(call.events), "refused": refused, "objects": call.store.sizes()}


def sell(author: Author) -> None:
    """Create a product with a price, now and then with a meter beside it."""
    product = products.create(author.doing(name=f"Plan {letters(4)}"))
    amount = author.chance.randrange(100, 20_000)
    currency = author.call.account.currency
    prices.create(author.doing(currency=currency, product=product["id"], unit_amount=amount, recurring=MONTHLY))
    if author.chance.random() < 0.2:
        sums = {"formula": "sum"}
        meters.create(author.doing(display_name="Usage", event_name=letters(8), default_aggregation=sums))


def join(author: Author) -> None:
    """A customer subscribes, with a card that may fail or a trial."""
    card = author.chance.choice(CARDS)
    settings = {"default_payment_method": card}
    person = customer_customers.create(author.doing(name=letters(6), payment_method=card, invoice_settings=settings))
    price = author.pick("price")
    if price is None or not price["active"]:
        return
    items = [{"price": price["id"], "quantity": author.chance.randrange(1, 9)}]
    trial = {"trial_period_days": 14} if author.chance.random() < 0.3 else {}
    subscriptions.create(author.doing(customer=person["id"], items=items, **trial))


def change_quantity(author: Author) -> None:
    """Change a subscription's quantity."""
    subscription = author.running()
    if subscription is not None:
        items = [{"id": subscription["_items"][0], "quantity": author.chance.randrange(1, 20)}]
        behavior = author.chance.choice(("always_invoice", "create_prorations", "none"))
        subscriptions.update(author.doing(items=items, proration_behavior=behavior), subscription["id"])


def change_end(author: Author) -> None:
    """Schedule a subscription's end with its period, or withdraw it."""
    subscription = author.running()
    if subscription is not None:
        wanted = not subscription["cancel_at_period_end"]
        subscriptions.update(author.doing(cancel_at_period_end=wanted), subscription["id"])


def end(author: Author) -> None:
    """End a subscription now."""
    subscription = author.running()
    if subscription is not None:
        subscriptions.cancel(author.doing(), subscription["id"])


def rename(author: Author) -> None:
    """Rename a customer or a product."""
    customer, product = author.pick("customer"), author.pick("product")
    if customer is not None and author.chance.random() < 0.5:
        customer_customers.update(author.doing(name=letters(6)), customer["id"])
    elif product is not None:
        products.update(author.doing(name=f"Plan {letters(4)}"), product["id"])


def archive(author: Author) -> None:
    """Archive a price, or reactivate it."""
    price = author.pick("price")
    if price is not None:
        prices.update(author.doing(active=not price["active"]), price["id"])


def settle(author: Author) -> None:
    """Pay an invoice in another way, or void it."""
    invoice = author.pick("invoice")
    if invoice is not None and author.chance.random() < 0.5:
        invoices.pay(author.doing(paid_out_of_band=True), invoice["id"])
    elif invoice is not None:
        invoices.void(author.doing(), invoice["id"])


def leave(author: Author) -> None:
    """Delete a customer, with all subscriptions."""
    customer = author.pick("customer")
    if customer is not None and author.chance.random() < 0.3:
        customer_customers.delete(author.doing(), customer["id"])


DEEDS: tuple[Callable[[Author], None], ...] = (
    sell,
    join,
    join,
    change_quantity,
    change_quantity,
    change_end,
    end,
    rename,
    archive,
    settle,
    leave,
)
