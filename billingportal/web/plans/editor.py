"""The data of the plan editor, around its form."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers.offers import Offer, offer
from billingportal.domain.plans import quota_changes
from billingportal.domain.plans.drift import Drift
from billingportal.domain.plans.quota_changes import Affected
from billingportal.models import Plan, PlanPrice, Price, Resource
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.plan_quota import Reaction
from billingportal.web.plans.drift_repairs import drifts
from billingportal.web.plans.form import REACTIONS, PlanForm, PriceRow, uses
from billingportal.web.plans.price_moves import MoveLink, move_links
from billingportal.web.plans.retired_cards import RetiredCard, retired_cards
from billingportal.web.prices.card import PriceCard, price_card


@dataclass(frozen=True)
class Editor:
    """`cards` are by the price's row in the form; `affected` is set when staff must choose who gets new quotas."""

    form: PlanForm
    plan: Plan | None
    mode: Mode
    is_connected: bool
    offer: Offer | None
    clients: int
    uses: dict[str, str]
    reactions: Mapping[Reaction, str]
    cards: dict[int, PriceCard]
    affected: Affected | None
    drifts: list[tuple[PlanPrice, Drift]]
    retired: list[RetiredCard]
    moves: list[MoveLink]
    resources: tuple[Resource, ...]

    @property
    def title(self) -> str:
        return self.plan.name if self.plan else "New plan"

    def resource_name(self, resource_id: int) -> str:
        return next((one.name for one in self.resources if one.id == resource_id), "")


def editor(
    session: Session, mode: Mode, form: PlanForm, plan: Plan | None = None, found: Affected | None = None
) -> Editor:
    account = processor_accounts.connected(session, mode)
    resources = tuple(row.resource for row in form.quotas)
    return Editor(
        form=form,
        plan=plan,
        mode=mode,
        is_connected=account is not None,
        offer=offer(session, plan, mode) if plan else None,
        clients=len(quota_changes.clients_of(session, plan)) if plan else 0,
        uses=uses(resources),
        reactions=REACTIONS,
        cards=cards(session, account.id, form, resources) if account else {},
        affected=found,
        drifts=drifts(plan, account.id) if plan and account else [],
        retired=retired_cards(session, plan, account.id) if plan and account else [],
        moves=move_links(session, plan, account.id) if plan and account else [],
        resources=resources,
    )


def cards(session: Session, account_id: int, form: PlanForm, resources: tuple[Resource, ...]) -> dict[int, PriceCard]:
    """The cards of stored prices, by row. The browser looks up the others."""
    typed = [row.text for row in form.prices if row.text]
    is_typed = Price.stripe_price_id.in_(typed) | (Price.lookup_key.in_(typed) & Price.deleted_at.is_(None))
    rows = session.scalars(select(Price).where(Price.processor_account_id == account_id, is_typed))
    held = {name: price for price in rows for name in (price.lookup_key, price.stripe_price_id) if name}
    return {
        place: price_card(session, held[row.text], units_of(row, resources))
        for place, row in enumerate(form.prices)
        if row.text in held and not row.error
    }


def units_of(row: PriceRow, resources: tuple[Resource, ...]) -> str | None:
    """The unit of the row's resource, if it has one."""
    _, _, resource_id = row.use.partition(":")
    return next((one.unit for one in resources if str(one.id) == resource_id), None)
