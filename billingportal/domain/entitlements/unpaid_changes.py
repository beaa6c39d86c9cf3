"""What a subscription at Stripe has already, and its client gets once it is paid: until then, what was paid before."""

from sqlalchemy.orm import Session

from billingportal.domain.entitlements import paid_state, subscription_facts
from billingportal.domain.subscriptions.estimates import Estimate
from billingportal.models import Client, Entitlement, Plan, Subscription


def unpaid_words(
    session: Session, client: Client, held: Entitlement, subscription: Subscription | None, price: Estimate | None
) -> str:
    """The unpaid change in words; empty where the client has what its subscription has.

    So it is after a change in Stripe's dashboard while a payment fails. `price` is that of the subscription's items,
    and not of the plan that the client has until then.
    """
    paid = paid_state.from_json(held.proven)
    if subscription is None or held.source != "subscription" or paid is None:
        return ""
    items = {item.stripe_price_id: item.quantity for item in subscription.items}
    if paid.stripe_subscription_id != subscription.stripe_subscription_id or dict(paid.items) == items:
        return ""
    plan_id = subscription_facts.links_of_items(session, client, subscription).plan_id
    name = session.get_one(Plan, plan_id).name if plan_id is not None else "another price"
    return f"Changes to {name}{f', {price.words},' if price else ''} once it is paid."
