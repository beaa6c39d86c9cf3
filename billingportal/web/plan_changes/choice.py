"""The choice on the page of a plan change: read from the request, and shown again."""

from dataclasses import dataclass, replace

from flask import request
from sqlalchemy.orm import Session

from billingportal.domain.offers.offers import Period
from billingportal.domain.offers.pricing_page import Asked, Card, PricingPage, one_plan_page, pricing_page, slug
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.errors import Refusal
from billingportal.models.connection.processor_account import Mode
from billingportal.web.offers.pricing_page import period_name
from billingportal.web.offers.query import asked


@dataclass(frozen=True)
class Choice:
    """The plans for sale, and the chosen plan and period. `card` is None when no plan is chosen."""

    page: PricingPage
    card: Card | None
    period: Period | None

    @property
    def cards(self) -> tuple[Card, ...]:
        """The plans to choose from. Plans on request are left out."""
        return tuple(card for card in self.page.cards if not card.is_on_request)

    @property
    def periods(self) -> dict[str, str]:
        return {slug(period): period_name(period) for period in self.page.periods}

    @property
    def interval(self) -> str:
        return slug(self.period) if self.period else ""

    @property
    def plan_id(self) -> int:
        """The chosen plan's id. Raises Refusal where no plan is chosen."""
        return self.chosen_card.plan.id

    @property
    def chosen_card(self) -> Card:
        """The chosen plan's card. Raises Refusal where no plan is chosen."""
        if self.card is None:
            raise Refusal("plan", "Choose one of the plans.")
        return self.card

    @property
    def selection(self) -> Selection:
        """The chosen selection. Raises Refusal where no plan is chosen, or a quantity that is not for sale."""
        card = self.chosen_card
        refused = next((one for one in card.quantities if one.is_refused), None)
        if refused is not None:
            raise Refusal("quantity", f"Say how many {refused.unit} it is to be: a whole number.")
        if not card.payments or self.period is None:
            return Selection(self.period or ("month", 1), self.page.currency)
        payment = card.payments[self.page.periods.index(self.period)]
        return Selection(payment.period, payment.currency, {one.key: one.number for one in payment.bought})


def choice_of_request(session: Session, mode: Mode, present: PresentPlan | None) -> Choice:
    """All plans, and the choice in the URL or form. Missing values are those of the present plan."""
    given = given_with(present)
    page = pricing_page(session, given, mode)
    return Choice(page, page.card(given.plan_id), page.period)


def chosen_plan(session: Session, mode: Mode, present: PresentPlan | None) -> Choice:
    """The plan chosen in the URL or form, without the other plans."""
    given = given_with(present)
    page = one_plan_page(session, given, mode)
    return Choice(page, page.card(given.plan_id), page.period)


def given_with(present: PresentPlan | None) -> Asked:
    given = asked(request.values)
    return given if present is None else filled_in(given, present)


def filled_in(given: Asked, present: PresentPlan) -> Asked:
    """Fill in missing values from the present plan, and set its currency, which cannot be changed."""
    had = present.selection
    quantities = dict(given.quantities)
    if had is not None and present.plan is not None:
        numbers = {key: str(number) for key, number in had.quantities.items()}
        quantities[present.plan.id] = {**numbers, **quantities.get(present.plan.id, {})}
    interval = given.interval or (slug(had.period) if had else "")
    return replace(given, interval=interval, currency=present.currency, quantities=quantities)
