"""The account's tax settings."""

from decimal import Decimal

from billingportal.sandbox.billing.invoicing.taxes import settings_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit

KIND = "tax.settings"


def retrieve(call: Call) -> Document:
    """The settings as set in the dashboard."""
    active = settings_of(call)["active"]
    address = {**dict.fromkeys(("city", "line1", "line2", "postal_code", "state")), "country": call.account.country}
    waiting = {"active": None, "pending": {"missing_fields": ["head_office"]}}
    return {
        "object": KIND,
        "defaults": {"provider": "stripe", "tax_behavior": "exclusive", "tax_code": "txcd_10000000"},
        "head_office": {"address": address} if active else None,
        "livemode": call.livemode,
        "status": "active" if active else "pending",
        "status_details": {"active": {}, "pending": None} if active else waiting,
    }


def change(call: Call, given: Document) -> Document:
    """Change the settings as in the dashboard: {percent?, active?}. Raises ValueError for an invalid percentage."""
    known = settings_of(call)
    percent = Decimal(str(given.get("percent", known["percent"])))
    if not 0 <= percent <= 100:
        raise ValueError("percent must be between 0 and 100")
    kept = {"percent": format(percent, "f"), "active": bool(given.get("active", known["active"]))}
    call.account.settings[f"tax_{call.store.mode}"] = kept
    emit(call, "tax.settings.updated", retrieve(call), {})
    return kept


OPERATIONS = [Operation("GET", "/v1/tax/settings", KIND, retrieve, ONLY_EXPAND, "tax_settings:read")]
