"""The account of a key, and its balance."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND
from billingportal.sandbox.http.presentation import listing
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import changed
from billingportal.sandbox.state.store import Account, World


def retrieve(call: Call) -> Document:
    """The account as its owner sees it, with the details that the control API changed."""
    account = call.account
    return changed(usual(account), account.settings.get("details", {}))


def change_details(world: World, given: Document) -> Document:
    """Stripe or the owner changes an account: {account, details}. Hashes are merged, lists and values replaced.

    No event tells of it. Raises ValueError for an attribute that accounts do not have.
    """
    with world.lock:
        account, details = world.accounts[given["account"]], given["details"]
        unknown = details.keys() - usual(account).keys()
        if unknown:
            raise ValueError(f"unknown attributes {', '.join(sorted(unknown))}")
        account.settings["details"] = changed(account.settings.get("details", {}), details)
        account.charges_enabled = details.get("charges_enabled", account.charges_enabled)
        return changed(usual(account), account.settings["details"])


def usual(account: Account) -> Document:
    """An account in good order, or a new one whose charges are not enabled yet."""
    active = "active" if account.charges_enabled else "inactive"
    return {
        "id": account.id,
        "object": "account",
        "business_profile": business_profile(account.name),
        "business_type": "company",
        "capabilities": {"card_payments": active, "transfers": active},
        "charges_enabled": account.charges_enabled,
        "controller": {"type": "account"},
        "country": account.country,
        "created": account.created,
        "default_currency": account.currency,
        "details_submitted": account.charges_enabled,
        "email": f"billing@{account.name.split()[0].lower()}.example",
        "external_accounts": listing([], f"/v1/accounts/{account.id}/external_accounts"),
        "future_requirements": requirements(None),
        "metadata": {},
        "payouts_enabled": account.charges_enabled,
        "requirements": requirements(None if account.charges_enabled else "requirements.past_due"),
        "settings": settings(account.name),
        "tos_acceptance": {"date": account.created, "ip": None, "user_agent": None},
        "type": "standard",
    }


def requirements(disabled_reason: str | None) -> Document:
    """The account's open requirements: none."""
    lists = ("alternatives", "currently_due", "errors", "eventually_due", "past_due", "pending_verification")
    return {"current_deadline": None, "disabled_reason": disabled_reason, **{name: [] for name in lists}}


def business_profile(name: str) -> Document:
    """The public face of the business; only its name is known here."""
    empty = dict.fromkeys(("mcc", "product_description", "support_email", "support_phone", "support_url", "url"))
    return {**empty, "name": name, "support_address": None, "annual_revenue": None, "estimated_worker_count": None}


def settings(name: str) -> Document:
    """The account's settings as a new account has them."""
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": "offer"},
        "payments": {
            "statement_descriptor": None,
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 7, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }


def balance(call: Call) -> Document:
    """The balance: always zero, with the mode."""
    nothing = {"amount": 0, "currency": call.account.currency, "source_types": {"card": 0}}
    return {"object": "balance", "available": [nothing], "livemode": call.livemode, "pending": [nothing]}


OPERATIONS = [
    Operation("GET", "/v1/account", "account", retrieve, ONLY_EXPAND, "account:read"),
    Operation("GET", "/v1/balance", "balance", balance, ONLY_EXPAND, "balance:read"),
]
