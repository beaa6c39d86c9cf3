"""Hidden fields that name the amount shown beside a button; see `ui.shown_fields`."""

from collections.abc import Mapping

from billingportal.domain.common.shown_amounts import ShownAmount
from billingportal.limits import LARGEST_BIG_ID, whole_number
from billingportal.money import Money

LONGEST = 255


def shown_amount(form: Mapping[str, str], prefix: str = "") -> ShownAmount | None:
    """The amount that the form showed; None for a form without one, or with values that no page printed."""
    stripe_id, currency = form.get(f"{prefix}object", ""), form.get(f"{prefix}currency", "")
    amount = whole_number(form.get(f"{prefix}amount", ""), LARGEST_BIG_ID)
    method_id = form.get(f"{prefix}method", "")
    is_printed = amount is not None and currency.isascii() and currency.isalpha() and len(currency) == 3
    if amount is None or not is_printed or not stripe_id or max(len(stripe_id), len(method_id)) > LONGEST:
        return None
    return ShownAmount(stripe_id, Money(amount, currency), method_id)
