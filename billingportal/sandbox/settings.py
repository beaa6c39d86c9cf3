"""The account settings of Stripe's dashboard, and limits that tests may raise."""

from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Account, World

DEFAULTS: dict[str, Document] = {
    # Maximum number of customers on a test clock, and of running subscriptions of each customer.
    "clocks": {"customers_per_clock": 3, "subscriptions_per_customer": 3},
    # Automatic tax: one percentage for everything. Without an address of its head office, an account has none.
    "tax_live": {"percent": "0", "active": True},
    "tax_test": {"percent": "0", "active": True},
    # Days before each retry of a payment, counted from the attempt before; the action after the last.
    "dunning": {"retry_days": [3, 5, 7], "after": "cancel"},
}
AFTER = ("cancel", "past_due", "unpaid")


def setting(account: Account, name: str) -> Document:
    """The settings of one name, as changed or by default."""
    return {**DEFAULTS[name], **account.settings.get(name, {})}


def change(world: World, name: str, given: Document) -> Document:
    """Change some settings of the `account` given, else of all accounts. Raises ValueError for invalid settings."""
    changed = {key: value for key, value in given.items() if key != "account"}
    unknown = changed.keys() - DEFAULTS[name].keys()
    if unknown:
        raise ValueError(f"unknown settings {', '.join(sorted(unknown))}")
    if changed.get("after", "cancel") not in AFTER:
        raise ValueError(f"after must be one of {', '.join(AFTER)}")
    with world.lock:
        accounts = [world.accounts[given["account"]]] if "account" in given else list(world.accounts.values())
        for account in accounts:
            account.settings[name] = {**account.settings.get(name, {}), **changed}
        return {"settings": {account.id: setting(account, name) for account in accounts}}
