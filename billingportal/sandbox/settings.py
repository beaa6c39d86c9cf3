"""What the owner of an account has set in Stripe's dashboard, and limits that tests may widen."""

from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Account, World

DEFAULTS: dict[str, Document] = {
    # How many customers fit on a test clock, and how many running subscriptions each of them may have.
    "clocks": {"customers_per_clock": 3, "subscriptions_per_customer": 3},
    # Tax that is computed: one percentage for everything. Without an address of its head office, an account has none.
    "tax_live": {"percent": "0", "active": True},
    "tax_test": {"percent": "0", "active": True},
    # After how many days each, counted from the try before, a payment is tried again; what happens after the last.
    "dunning": {"retry_days": [3, 5, 7], "after": "cancel"},
}
AFTER = ("cancel", "past_due", "unpaid")


def setting(account: Account, name: str) -> Document:
    """The settings of one name, as changed or as they come."""
    return {**DEFAULTS[name], **account.settings.get(name, {})}


def change(world: World, name: str, given: Document) -> Document:
    """Change some settings of the `account` given, else of all accounts. Raises ValueError for what makes no sense."""
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
