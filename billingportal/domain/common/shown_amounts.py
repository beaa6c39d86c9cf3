"""The amount that a form showed. The server moves exactly that, or says that it changed."""

from dataclasses import dataclass
from typing import NoReturn

from billingportal.errors import Refusal
from billingportal.money import Money


@dataclass(frozen=True)
class ShownAmount:
    """`stripe_id` names the invoice or subscription. `method_id`: the payment method that was named; empty for none."""

    stripe_id: str
    amount: Money
    method_id: str = ""

    @property
    def key(self) -> str:
        """The part of an idempotency key that belongs to what was shown."""
        return f"{self.stripe_id}-{self.amount.currency}-{self.amount.minor}-{self.method_id}"


class Changed(Refusal):
    """What was shown is not true any more, and nothing was done. The page shows what is true now."""

    def __init__(self, message: str) -> None:
        super().__init__("", message)


def require_unchanged(shown: ShownAmount | None, current: ShownAmount) -> None:
    """Raises Changed unless exactly the current amount, from the current payment method, was shown."""
    if shown is None or shown.stripe_id != current.stripe_id:
        raise Changed("This page is out of date. Look again.")
    if shown.amount != current.amount:
        refuse_amount(current.amount)
    if shown.method_id != current.method_id:
        raise Changed("The payment method was changed meanwhile. Look again.")


def refuse_amount(amount: Money) -> NoReturn:
    """Raises Changed with the amount that is due now."""
    raise Changed(f"The amount changed meanwhile: it is {amount} now. Look again.")
