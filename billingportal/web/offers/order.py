"""A visitor's order with its amount, for the pages of sign-up and checkout."""

from dataclasses import dataclass, replace

from billingportal.db import db
from billingportal.domain.offers.payment_options import Payment
from billingportal.domain.offers.pricing_page import Asked, Card, PricingPage, pricing_page
from billingportal.domain.offers.selection import Selection
from billingportal.models.connection.processor_account import Mode
from billingportal.web.offers.pricing_page import price_line
from billingportal.web.offers.query import RETURNING, choice_values


@dataclass(frozen=True)
class Order:
    """`payment` is None for a free plan. `values` carry the choice in URLs and forms. `trial_days` are 0 for a buyer
    who has had a trial."""

    page: PricingPage
    card: Card | None
    payment: Payment | None
    values: dict[str, str]
    trial_days: int = 0

    def without_trial(self) -> "Order":
        """The order of a buyer who has no trial left, also on the pricing page that it leads back to."""
        return replace(self, trial_days=0, values=self.values | {RETURNING: "1"})

    @property
    def selection(self) -> Selection | None:
        if self.payment is None:
            return None
        numbers = {one.key: one.number for one in self.payment.bought}
        return Selection(self.payment.period, self.payment.currency, numbers)

    @property
    def price_line(self) -> str:
        return price_line(self.card, self.payment) if self.card else ""

    @property
    def is_for_sale(self) -> bool:
        return self.card is not None and not self.card.is_on_request


def order_of(choice: Asked, mode: Mode | None) -> Order:
    """The choice, as it is sold now. Staff may try it in another `mode` than the one in which the portal sells."""
    page = pricing_page(db.session(), choice, mode)
    card = page.card(choice.plan_id)
    payment = None
    if card is not None and card.payments and page.period is not None:
        payment = card.payments[page.periods.index(page.period)]
    values = choice_values(card, payment, mode) if card else {}
    return Order(page, card, payment, values, card.plan.trial_days if card and payment else 0)
