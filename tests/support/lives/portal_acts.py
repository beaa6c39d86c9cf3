"""What clients and staff do on the portal's pages. Each act says what it did; an empty text is no act."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from billingportal.db import db
from billingportal.models import ClientCustomer
from tests.sandbox.clocks import new_card, new_clock
from tests.support.lives.checks import ENDED, PAGE, charged
from tests.support.lives.pages import find_form, minor_in
from tests.support.lives.shops import Person, Shop, note
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.checkouts import Till, session_of
from tests.support.people.clients import new_customer
from tests.support.people.forms import Form

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

Act = Callable[[Shop, Person], str]
CARDS = ("pm_card_visa", "pm_card_mastercard", "pm_card_chargeCustomerFail")


def press(shop: Shop, one: Person, form: Form, visitor: Visitor) -> "TestResponse":
    """Press a button. Takes what it says, or nothing."""
    before, shown = charged(shop, one), minor_in(form.button) or 0
    answer = form.send(visitor)
    taken = charged(shop, one) - before
    assert taken in (0, shown), f"{one.name}: “{form.button}” took {taken}: {text_of(answer)[:300]}"
    assert answer.status_code in (200, 303, 422), (one.name, form.button, answer.status_code)
    note(f"    pressed “{form.button}”: {answer.status_code}, took {taken}")
    return answer


def is_live(shop: Shop, one: Person) -> bool:
    if one.subscription is None:
        return False
    return shop.sdk.v1.subscriptions.retrieve(one.subscription).status not in (*ENDED, "incomplete")


def sides(shop: Shop, one: Person) -> tuple[Visitor, str, str]:
    """Whose page it is, by chance: the visitor, the page and the root of the page's forms."""
    if shop.chance.random() < 0.5:
        return one.visitor, PAGE, PAGE
    return shop.staff, f"/saas/clients/{one.client_id}", f"/saas/clients/{one.client_id}"


def buy(shop: Shop, one: Person) -> str:
    """The client buys a plan in Stripe's checkout."""
    if is_live(shop, one):
        return ""
    plan = shop.chance.choice(list(shop.plans))
    wanted = {"plan": str(shop.plans[plan]), "interval": "month", "currency": "usd"}
    sent = one.visitor.submit("/portal/sign-up", wanted)
    if sent.status_code != 303 or "cs_test_" not in (sent.location or ""):
        return f"could not buy {plan}: {sent.status_code} {sent.location} {text_of(sent)[:200]}"
    Till(shop.sandbox, shop.account).pay(session_of(sent.location))
    params: Any = {"customer": one.customer}
    one.subscription = shop.sdk.v1.subscriptions.list(params).data[0].id
    one.price, one.planned = shop.for_sale[plan], None
    return f"bought {plan}"


def change(shop: Shop, one: Person) -> str:
    """The client, or staff, changes the plan: now, or at the end of the period."""
    visitor, _, root = sides(shop, one)
    plan, timing = shop.chance.choice(list(shop.plans)), shop.chance.choice(("", "", "now", "renewal"))
    page = visitor.get(f"{root}/plan/preview?plan={shop.plans[plan]}&interval=month&timing={timing}")
    form = find_form(page, "confirm-change")
    if form is None:
        return f"no change to {plan} {timing}: {text_of(page)[:160]}"
    answer = press(shop, one, form, visitor)
    result = text_of(visitor.get(answer.location)) if answer.location else text_of(answer)
    if "It is " in result and " now " in result:
        one.price, one.planned = shop.for_sale[plan], None
    elif "It will be " in result:
        one.planned = shop.for_sale[plan]
    elif "This replaces" in text_of(page) and "stays planned" not in result:  # one that was planned in Stripe
        one.planned = None
    done = re.search(
        r"(It is .{0,30} now|It will be .{0,50}|The change was not made.{0,120}|payment is not finished)", result
    )
    return f"change to {plan} {timing}: {done.group(0) if done else result[:300]}"


def keep_plan(shop: Shop, one: Person) -> str:
    """Withdraw a planned change, or resume what was cancelled."""
    visitor, page, _ = sides(shop, one)
    form = find_form(visitor.get(page), "keep-present", "keep-plan", "resume")
    if form is None:
        return ""
    press(shop, one, form, visitor)
    if form.button_id == "keep-present":
        one.planned = None
    return f"kept by {form.button_id}"


def cancel(shop: Shop, one: Person) -> str:
    """Cancel at the end of the period, seldom at once."""
    visitor, _, root = sides(shop, one)
    page = visitor.get(f"{root}/cancellation")
    form = find_form(page, "cancel-subscription")
    if form is None:
        return ""
    when = "now" if shop.chance.random() < 0.25 else "end"
    shown = minor_in(text_of(page).partition("billed now:")[2]) or 0 if "billed now:" in text_of(page) else 0
    before = charged(shop, one)
    answer = form.typed(when=when).send(visitor)
    taken = charged(shop, one) - before
    assert taken in (0, shown if when == "now" else 0), f"{one.name}: cancelling took {taken}, shown {shown}"
    if answer.status_code == 303:
        one.planned = None
    return f"cancelled {when}: {answer.status_code} {'' if answer.status_code == 303 else text_of(answer)[:200]}"


def pay(shop: Shop, one: Person) -> str:
    """Press whatever button pays what is due."""
    visitor, page, _ = sides(shop, one)
    form = find_form(visitor.get(page), "pay-now", "charge-now")
    if form is None:
        return ""
    answer = press(shop, one, form, visitor)
    return f"paid: {answer.status_code} {'' if answer.status_code == 303 else text_of(answer)[:300]}"


def press_once(path: str, button: str) -> Act:
    """An act of one page with one button, at the client's side."""

    def act(shop: Shop, one: Person) -> str:
        form = find_form(one.visitor.get(f"{PAGE}/{path}"), button)
        if form is None:
            return ""
        answer = press(shop, one, form, one.visitor)
        return f"{button}: {answer.status_code}"

    return act


def use_other_card(shop: Shop, one: Person) -> str:
    """Save another card at Stripe's page, and come back."""
    card = shop.chance.choice(CARDS)
    new_card(shop.sdk, one.customer, card)
    one.visitor.get(f"{PAGE}/return")
    return f"card {card}"


def raise_price(shop: Shop, _: Person) -> str:
    """Staff put another price into the plan's form, with other quotas."""
    plan = shop.chance.choice(list(shop.plans))
    price = shop.new_price(plan, shop.chance.randint(10, 150) * 100)
    typed = {"name": plan, "trial_days": "0", "revision": str(shop.revision(plan)), "text": price, "use": "flat"}
    answer = shop.staff.submit(f"/saas/plans/{shop.plans[plan]}", typed | {"applies_to": "everybody"})
    assert answer.status_code == 303, text_of(answer)[:600]
    shop.for_sale[plan] = price
    return f"{plan} sells another price"


def archive_plan(shop: Shop, _: Person) -> str:
    """Staff archive a plan, or take one back."""
    plan = shop.chance.choice(list(shop.plans))
    steps = ["restoration", "activation"] if plan in shop.archived else ["archiving"]
    for step in steps:
        answer = shop.staff.submit(f"/saas/plans/{shop.plans[plan]}/{step}")
        if answer.status_code != 303:
            return f"{step} of {plan}: {text_of(answer)[:200]}"
    shop.archived ^= {plan}
    return f"{steps[-1]} of {plan}"


def adopt(shop: Shop, _: Person) -> str:
    """Somebody who subscribed in Stripe's dashboard becomes a client."""
    if len(shop.people) > 5:
        return ""
    test_clock = new_clock(shop.sdk)
    name = f"Adopted {shop.row_id} {len(shop.people)}"
    customer = new_customer(shop.sdk, name, "pm_card_visa", test_clock)
    price = shop.chance.choice(list(shop.for_sale.values()))
    params: Any = {"customer": customer, "items": [{"price": price}]}
    subscription = shop.sdk.v1.subscriptions.create(params).id
    shop.sdk.v1.customers.update(customer, {"email": f"{customer.lower()}@harbor.example"})
    shop.tell()
    answer = shop.staff.submit(f"/saas/clients/adoption/{customer}/client")
    assert answer.status_code == 303, text_of(answer)[:400]
    found = select(ClientCustomer.client_id).where(ClientCustomer.stripe_customer_id == customer)
    client_id = db.session().scalars(found).one()
    db.session().rollback()
    visitor = visitor_of(shop.app, client_id)
    shop.people.append(Person(name, client_id, customer, test_clock, visitor, subscription, price))
    return f"adopted {name}"
