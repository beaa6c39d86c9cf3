"""Products, prices and meters in a sandbox account, and a portal that has read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import stripe
from flask import Flask
from sqlalchemy import select

from billingportal.db import transaction
from billingportal.models import ProcessorAccount
from tests.support.pages import Visitor
from tests.support.stripe.portals import work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

MONTHLY = {"interval": "month"}


@dataclass(frozen=True)
class Catalog:
    """One mode of a sandbox account, through the official SDK."""

    client: stripe.StripeClient

    def product(self, name: str = "Growth", **given: Any) -> str:
        return self.client.v1.products.create(params=cast(Any, {"name": name, **given})).id

    def price(self, **given: Any) -> str:
        """A price of US$29.00 a month, except for what is given. It has a product of its own unless one is named."""
        amount = {} if given.keys() & {"tiers", "unit_amount_decimal", "custom_unit_amount"} else {"unit_amount": 2900}
        product = {} if "product" in given else {"product": self.product()}
        params = {"currency": "usd", "recurring": MONTHLY, **amount, **product, **given}
        kept = {name: value for name, value in params.items() if value is not None}
        return self.client.v1.prices.create(params=cast(Any, kept)).id

    def tiered(self, mode: str, tiers: Sequence[object], **given: Any) -> str:
        return self.price(billing_scheme="tiered", tiers_mode=mode, tiers=tiers, **given)

    def meter(self, event_name: str = "messages_sent", name: str = "Messages sent", formula: str = "sum") -> str:
        params = {"display_name": name, "event_name": event_name, "default_aggregation": {"formula": formula}}
        return self.client.v1.billing.meters.create(params=cast(Any, params)).id

    def metered(self, meter: str, **given: Any) -> str:
        return self.price(recurring={"interval": "month", "usage_type": "metered", "meter": meter}, **given)


def catalog(sandbox: Sandbox, account: SandboxAccount, mode: str = "test") -> Catalog:
    return Catalog(sandbox.client(account.test_key if mode == "test" else account.live_key))


def connect(app: Flask, visitor: Visitor, key: str) -> int:
    """Connect the account and read all that it holds; the id of its row."""
    visitor.swap("/saas/payment-processor", {"secret_key": key})
    work(app)
    with app.app_context(), transaction() as session:
        newest = select(ProcessorAccount.id).order_by(ProcessorAccount.connected_at.desc()).limit(1)
        return session.scalars(newest).one()
