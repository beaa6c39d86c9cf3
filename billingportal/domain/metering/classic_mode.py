"""Subscriptions in Stripe's classic billing mode, which adopted ones can have: a metered item that is changed within a
period loses what was used in it. Flexible mode, in which the portal sells, bills it at the old price.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import ClientMeter, ClientUsage, Price, Resource, Subscription, SubscriptionItem

CLASSIC = "classic"


def lost_use(
    session: Session, client_id: int, account_id: int, stripe_subscription_id: str, item_ids: Collection[str]
) -> str | None:
    """What a change of these items at once would leave unbilled, in words; None where nothing is lost."""
    rows = session.execute(
        select(ClientUsage.used, Resource.unit)
        .join(Resource, Resource.id == ClientUsage.resource_id)
        .join(
            ClientMeter,
            (ClientMeter.client_id == ClientUsage.client_id) & (ClientMeter.resource_id == ClientUsage.resource_id),
        )
        .join(
            Price,
            (Price.processor_account_id == ClientMeter.processor_account_id)
            & (Price.stripe_meter_id == ClientMeter.stripe_meter_id),
        )
        .join(SubscriptionItem, SubscriptionItem.stripe_price_id == Price.stripe_price_id)
        .join(Subscription, Subscription.id == SubscriptionItem.subscription_id)
        .where(
            ClientUsage.client_id == client_id,
            ClientUsage.used > 0,
            ClientMeter.ends_at.is_(None),
            Subscription.processor_account_id == account_id,
            Subscription.stripe_subscription_id == stripe_subscription_id,
            Subscription.billing_mode == CLASSIC,
            SubscriptionItem.stripe_subscription_item_id.in_(item_ids),
        )
        .distinct()
    )
    return " and ".join(f"{used:,} {unit}" for used, unit in rows) or None
