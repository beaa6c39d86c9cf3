"""Edits of a plan's prices, as staff make them in the plan's form."""

from flask import Flask

from billingportal.db import transaction
from billingportal.domain.plans import plans
from billingportal.domain.plans import terms as plan_terms
from billingportal.domain.plans.plans import Saving
from billingportal.domain.plans.price_links import Link
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import PRICE, PRODUCT
from billingportal.models import Plan
from billingportal.stripe_gateway.objects.copies import PriceCopy
from tests.support.people.clients import connection


def sell_by(app: Flask, staff_id: int, plan_id: int, *links: Link) -> None:
    """Save the plan with these prices, and nothing else changed."""
    with app.app_context():
        account_id = connection()[0].id
        for link in links:
            read_price(app, link.stripe_price_id)
        with transaction() as session:
            plan = session.get_one(Plan, plan_id)
            saving = Saving(plan_terms.terms_of_plan(plan), account_id, links, "everybody")
            plans.update_plan(session, plan_id, saving, revision=plan.revision, staff_id=staff_id)


def read_price(app: Flask, price_id: str) -> None:
    """Read the price and its product from Stripe."""
    with app.app_context():
        account, gateway = connection()
        price = gateway.objects.fetch("price", price_id).copy
        assert isinstance(price, PriceCopy)
        reconciliation.refresh(transaction, gateway, account.id, PRICE, price_id)
        reconciliation.refresh(transaction, gateway, account.id, PRODUCT, price.stripe_product_id)
