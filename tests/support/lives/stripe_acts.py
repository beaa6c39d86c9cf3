"""What happens at Stripe: time passes, and the partner works in Stripe's dashboard."""

from typing import Any

from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_card
from tests.support.lives.checks import CHARGED, look, truth_of
from tests.support.lives.portal_acts import is_live
from tests.support.lives.shops import Person, Shop
from tests.support.stripe.one_offs import one_off


def pass_time(shop: Shop, one: Person) -> str:
    """Some days pass, or all until the next renewal: it charges what the pages announced."""
    now = frozen(shop.sdk, one.clock)
    if one.subscription is None or not is_live(shop, one):
        advance(shop.sdk, one.clock, now + 3 * DAY)
        return "3 days"
    truth, (_, theirs) = truth_of(shop, one), look(shop, one)
    assert truth is not None
    end = min(int(item.current_period_end) for item in truth.subscription["items"].data)
    to = shop.chance.choice((now + shop.chance.randint(1, 6) * DAY, end + 2 * HOUR, end + 2 * HOUR, end + 60))
    advance(shop.sdk, one.clock, max(to, now + 60))
    if to < end:
        return f"{(to - now) // DAY} days"
    if one.planned is not None:
        one.price, one.planned = one.planned, None
    announced = theirs.next_minor
    params: Any = {"subscription": one.subscription, "limit": 20, "created": {"gte": end}}
    made = [row for row in shop.sdk.v1.invoices.list(params).data if row.billing_reason == "subscription_cycle"]
    status = shop.sdk.v1.subscriptions.retrieve(one.subscription).status
    if announced is not None and status in CHARGED:  # a payment that fails may end it before, as a trial without a card
        assert made, f"{one.name}: {theirs} was announced, and nothing came"
    if announced is not None and made:
        assert made[-1].amount_due == announced, f"{one.name}: {theirs} was announced, {made[-1].amount_due} came"
    if not theirs.next_words:
        assert not any(row.amount_due for row in made if row.status != "draft" and row.amount_paid), one.name
    return f"renewal; announced {theirs.next_words!r}, came {[row.amount_due for row in made]}"


def subscribe(shop: Shop, one: Person) -> str:
    """The partner subscribes the customer in Stripe's dashboard, sometimes with a trial."""
    if is_live(shop, one):
        return ""
    plan = shop.chance.choice(list(shop.plans))
    params: dict[str, Any] = {"customer": one.customer, "items": [{"price": shop.for_sale[plan]}]}
    if shop.chance.random() < 0.5:
        end = shop.chance.choice(("create_invoice", "pause", "cancel"))
        params |= {"trial_period_days": 14, "trial_settings": {"end_behavior": {"missing_payment_method": end}}}
    given: Any = params
    one.subscription = shop.sdk.v1.subscriptions.create(given).id
    one.price, one.planned = shop.for_sale[plan], None
    return f"subscribed to {plan}{' on trial' if 'trial_period_days' in params else ''}"


def move(shop: Shop, one: Person) -> str:
    """The partner gives the subscription another price."""
    if not is_live(shop, one):
        return ""
    row = shop.sdk.v1.subscriptions.retrieve(one.subscription or "")
    price = shop.chance.choice(list(shop.for_sale.values()))
    if row.schedule or price == one.price:
        return ""
    how = shop.chance.choice(("none", "create_prorations"))
    params: Any = {"items": [{"id": row["items"].data[0].id, "price": price}], "proration_behavior": how}
    shop.sdk.v1.subscriptions.update(row.id, params)
    one.price = price
    return f"moved to {shop.sold_as[price]} with {how}"


def plan_move(shop: Shop, one: Person) -> str:
    """The partner plans a change with a schedule."""
    row = shop.sdk.v1.subscriptions.retrieve(one.subscription) if one.subscription else None
    if row is None or row.status != "active" or row.schedule or row.cancel_at or row.cancel_at_period_end:
        return ""
    price = shop.chance.choice(list(shop.for_sale.values()))
    schedule = shop.sdk.v1.subscription_schedules.create({"from_subscription": row.id})
    now = schedule.phases[0]
    phases: Any = [
        {"items": [{"price": one.price, "quantity": 1}], "start_date": now.start_date, "end_date": now.end_date},
        {"items": [{"price": price, "quantity": 1}], "duration": {"interval": "month"}},
    ]
    params: Any = {"phases": phases, "proration_behavior": "none", "end_behavior": "release"}
    shop.sdk.v1.subscription_schedules.update(schedule.id, params)
    one.planned = price
    return f"planned {shop.sold_as[price]}"


def give_coupon(shop: Shop, one: Person) -> str:
    terms = shop.chance.choice(
        ({"duration": "once"}, {"duration": "forever"}, {"duration": "repeating", "duration_in_months": 2})
    )
    if not is_live(shop, one):
        return ""
    params: Any = {"percent_off": shop.chance.choice((10, 50, 100)), **terms}
    coupon = shop.sdk.v1.coupons.create(params).id
    shop.sdk.v1.subscriptions.update(one.subscription or "", {"discounts": [{"coupon": coupon}]})
    return f"coupon {params}"


def change_balance(shop: Shop, one: Person) -> str:
    minor = shop.chance.choice((-15000, -900, 0, 700))
    shop.sdk.v1.customers.update(one.customer, {"balance": minor})
    return f"balance {minor}"


def bill_one_off(shop: Shop, one: Person) -> str:
    one_off(shop.sdk, one.customer, shop.chance.choice((700, 50000)), days=shop.chance.choice((None, 20)))
    return "one-off invoice"


def pause(shop: Shop, one: Person) -> str:
    """Pause collection in one of three ways, or end the pause."""
    if not is_live(shop, one):
        return ""
    behavior = shop.chance.choice(("keep_as_draft", "mark_uncollectible", "void", "", "", ""))
    given: Any = {"pause_collection": {"behavior": behavior} if behavior else ""}
    shop.sdk.v1.subscriptions.update(one.subscription or "", given)
    return f"collection paused: {behavior or 'no'}"


def plan_end(shop: Shop, one: Person) -> str:
    """The end of the period ends the subscription, or no longer does."""
    if not is_live(shop, one):
        return ""
    row = shop.sdk.v1.subscriptions.retrieve(one.subscription or "")
    if row.schedule:
        return ""
    ends = not (row.cancel_at_period_end or row.cancel_at)
    given: Any = {"cancel_at_period_end": ends} if ends or row.cancel_at_period_end else {"cancel_at": ""}
    shop.sdk.v1.subscriptions.update(row.id, given)
    return f"ends at period end: {ends}"


def end_now(shop: Shop, one: Person) -> str:
    if not is_live(shop, one) or shop.chance.random() < 0.6:
        return ""
    shop.sdk.v1.subscriptions.cancel(one.subscription or "")
    return "ended in Stripe"


def give_up(shop: Shop, one: Person) -> str:
    """The partner voids an open invoice, or marks it uncollectible."""
    found = shop.sdk.v1.invoices.list({"customer": one.customer, "status": "open"}).data
    if not found:
        return ""
    invoices = shop.sdk.v1.invoices
    act = shop.chance.choice((invoices.void_invoice, invoices.mark_uncollectible))
    act(str(found[0].id))
    return f"{act.__name__} {found[0].billing_reason} {found[0].amount_due}"


def refund(shop: Shop, one: Person) -> str:
    found = [row for row in shop.sdk.v1.charges.list({"customer": one.customer}).data if row.paid and not row.refunded]
    if not found:
        return ""
    shop.sdk.v1.refunds.create({"charge": found[0].id})
    return f"refunded {found[0].amount}"


def remove_cards(shop: Shop, one: Person) -> str:
    for method in shop.sdk.v1.payment_methods.list({"customer": one.customer}).data:
        shop.sdk.v1.payment_methods.detach(method.id)
    return "cards removed"


def break_card(shop: Shop, one: Person) -> str:
    new_card(shop.sdk, one.customer, "pm_card_chargeCustomerFail")
    return "card fails"
