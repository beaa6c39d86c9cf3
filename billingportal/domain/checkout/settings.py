"""The selling settings. Defaults apply until staff save them."""

from dataclasses import dataclass, fields

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit
from billingportal.domain.common.locks import SELLING, take_turns
from billingportal.models import SellingSettings
from billingportal.models.checkout.checkout_settings import AddressCollection
from billingportal.plain_json import Json

THE_ROW = 1


@dataclass(frozen=True)
class Selling:
    """The choices on the Checkout page of the settings."""

    allows_promotion_codes: bool = False
    computes_tax: bool = False
    collects_tax_id: bool = False
    address_collection: AddressCollection = "auto"
    allows_downgrade_at_once: bool = False
    carries_trials_over: bool = False
    confirms_addresses: bool = False


def current_settings(session: Session) -> Selling:
    row = session.get(SellingSettings, THE_ROW)
    return Selling() if row is None else Selling(**{field.name: getattr(row, field.name) for field in fields(Selling)})


def save_settings(session: Session, chosen: Selling, *, staff_id: int) -> None:
    """Store the settings. Checkouts that are open at Stripe keep the settings that they were made with."""
    take_turns(session, SELLING)
    before = current_settings(session)
    changed = [field.name for field in fields(Selling) if getattr(before, field.name) != getattr(chosen, field.name)]
    row = session.get(SellingSettings, THE_ROW) or SellingSettings(id=THE_ROW)
    for field in fields(Selling):
        setattr(row, field.name, getattr(chosen, field.name))
    row.updated_at = clock.now()
    session.add(row)
    if changed:
        details: dict[str, Json] = {"changed": list[Json](changed)}
        audit.record_act(
            session,
            audit.Act("selling.updated", "Changed the settings of checkout", staff_id=staff_id, details=details),
        )
