"""Plans of every shape on the pricing page: free, flat, by quantity, by use, and on request."""

from decimal import Decimal

from flask import Flask
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.models import Branding, Plan, SellingMode
from tests.support.catalog.plans import add_account, add_metered, add_price, new_plan, resource_id

# 10.00 up to 1,000 contacts, 25.00 up to 5,000, then 0.004 for each of all: 8,000 are 32.00.
TIERS = [
    {"up_to": 1000, "flat_amount_decimal": "1000"},
    {"up_to": 5000, "flat_amount_decimal": "2500"},
    {"up_to": None, "unit_amount_decimal": "0.4"},
]


def euros(minor: int) -> dict[str, object]:
    return {"eur": {"unit_amount_decimal": str(minor)}}


def add_branding(**given: object) -> None:
    """The branding as it is stored, with what is given."""
    with transaction() as writing:
        values = {"name": "Harbor", "colour": "#3956c1", "updated_at": clock.now(), **given}
        writing.merge(Branding(id=1, **values))


def sell_live(app: Flask, staff_id: int) -> None:
    """A live account, and a plan that is sold there."""
    with app.app_context():
        with transaction() as session:
            account = add_account(session, "live")
            add_price(session, account, "live_month")
            session.merge(SellingMode(id=1, mode="live"))
        new_plan(staff_id, "Live", account_id=account.id, links=[Link("live_month", "flat")], is_active=True)
        db.session.remove()


def add_prices(session: Session) -> int:
    """A connected account with prices in dollars and euros; its id."""
    account = add_account(session)
    for name, month in (("growth", 2900), ("scale", 9900)):
        add_price(
            session, account, f"{name}_month", unit_amount_decimal=Decimal(month), currency_options=euros(month - 200)
        )
        add_price(
            session,
            account,
            f"{name}_year",
            interval="year",
            unit_amount_decimal=Decimal(month * 10),
            currency_options=euros((month - 200) * 10),
        )
    tiers = {"billing_scheme": "tiered", "tiers_mode": "volume", "unit_amount_decimal": None, "tiers": TIERS}
    add_price(session, account, "contacts_month", currency_options={"eur": {"tiers": TIERS}}, **tiers)
    each = Decimal("0.2")
    add_metered(session, account, "use", unit_amount_decimal=each, currency_options=euros(0))
    return account.id


def furnish(app: Flask, staff_id: int) -> dict[str, int]:
    """The plans, active and linked in test mode; their ids by name."""
    with app.app_context():
        with transaction() as session:
            account_id = add_prices(session)
        contacts, members = resource_id(db.session(), "contacts"), resource_id(db.session(), "team_members")
        channels = resource_id(db.session(), "channels")

        def add(name: str, *links: Link, **terms: object) -> int:
            made: int = new_plan(
                staff_id,
                name,
                account_id=account_id,
                links=list(links),
                is_active=True,
                **terms,
            )
            return made

        made = {
            "Free": add("Free", description="For trying things out.", quotas={contacts: Limit(100), members: Limit(0)}),
            "Growth": add(
                "Growth",
                Link("growth_month", "flat"),
                Link("growth_year", "flat"),
                description="For teams that talk to customers every day.",
                features=("Broadcasts", "Priority support"),
                trial_days=14,
                trial_needs_card=False,
                quotas={contacts: Limit(5000), members: Limit(None), channels: Limit(10)},
            ),
            "Scale": add(
                "Scale",
                Link("scale_month", "flat"),
                Link("scale_year", "flat"),
                Link("use", "usage", contacts),
                quotas={contacts: Limit(1000, "bill")},
            ),
            "By contacts": add("By contacts", Link("contacts_month", "quantity", contacts)),
            "Enterprise": add("Enterprise", is_on_request=True, description="For more than that."),
        }
        with transaction() as session:
            session.get_one(Plan, made["Growth"]).is_featured = True
        db.session.remove()
        return made
