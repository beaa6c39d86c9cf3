"""A life by chance: acts on the pages and at Stripe, each followed by a look at all that it concerns."""

from random import Random

import stripe
from flask import Flask

from tests.support.lives import portal_acts, stripe_acts
from tests.support.lives.checks import check, page_words
from tests.support.lives.portal_acts import Act
from tests.support.lives.shops import Person, Shop, note, open_shop
from tests.support.pages import Visitor
from tests.support.stripe.sandbox import SandboxClient

PEOPLE = 3
# How often each act happens.
ACTS: dict[Act, int] = {
    stripe_acts.pass_time: 14,
    portal_acts.change: 12,
    portal_acts.keep_plan: 4,
    portal_acts.cancel: 2,
    portal_acts.pay: 6,
    portal_acts.use_other_card: 4,
    portal_acts.press_once("trial-end", "start-now"): 2,
    portal_acts.press_once("resumption", "resume-plan"): 2,
    portal_acts.buy: 3,
    portal_acts.raise_price: 3,
    portal_acts.archive_plan: 2,
    portal_acts.adopt: 1,
    stripe_acts.subscribe: 4,
    stripe_acts.move: 2,
    stripe_acts.plan_move: 2,
    stripe_acts.give_coupon: 2,
    stripe_acts.change_balance: 2,
    stripe_acts.bill_one_off: 1,
    stripe_acts.pause: 2,
    stripe_acts.plan_end: 1,
    stripe_acts.end_now: 1,
    stripe_acts.give_up: 2,
    stripe_acts.refund: 1,
    stripe_acts.remove_cards: 1,
    stripe_acts.break_card: 2,
}
OF_ALL = (portal_acts.raise_price, portal_acts.archive_plan)


def live(app: Flask, sandbox: SandboxClient, staff: Visitor, staff_id: int, *, seed: int, steps: int) -> None:
    """Live some steps. Raises AssertionError when pages, Stripe and what was sold disagree."""
    note(f"--lives-seed {seed}")
    shop = open_shop(app, sandbox, staff, staff_id, Random(seed))
    for _ in range(PEOPLE):
        note(f"{shop.add_person().name}: {stripe_acts.subscribe(shop, shop.people[-1])}")
    shop.tell()
    check(shop, shop.people)
    done = 0
    while done < steps:
        done += bool(step(shop))


def step(shop: Shop) -> str:
    """One act of somebody, if it can be done; then all its news come, and everybody concerned looks."""
    one = shop.chance.choice(shop.people)
    (act,) = shop.chance.choices(list(ACTS), list(ACTS.values()))
    try:
        words = act(shop, one)
    except (stripe.InvalidRequestError, stripe.CardError) as refused:
        words = f"refused: {refused}"
    if not words:
        return ""
    note(f"{one.name}: {words}")
    shop.tell()
    looked: list[Person] = shop.people if act in OF_ALL else [one]
    for person in looked:
        try:
            check(shop, [person])
        except AssertionError:
            note(page_words(shop, person))
            raise
    return words
