"""The account settings of Stripe's dashboard, and limits that tests may raise."""

from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Account, World

DEFAULTS: dict[str, Document] = {
    # Test clocks: maximum number of customers, and of running subscriptions of each customer; how many real seconds an
    # advance takes; how many of the next advances fail for good.
    "clocks": {"customers_per_clock": 3, "subscriptions_per_customer": 3, "advance_seconds": 0, "fail_next": 0},
    # Automatic tax: one percentage for everything. Without an address of its head office, an account has none.
    "tax_live": {"percent": "0", "active": True},
    "tax_test": {"percent": "0", "active": True},
    # Days before each retry of a payment, counted from the attempt before; the action after the last.
    "dunning": {"retry_days": [3, 5, 7], "after": "cancel"},
    # How long the draft of a period that ended stays a draft; how long before a period's end its invoice is announced.
    "invoices": {"draft_seconds": 3600, "upcoming_days": 7},
    # The calls that each mode answers in so many seconds, 0 without a limit. Live meter events have their own limit.
    "rate_limits": {"test": 0, "live": 0, "live_meter_events": 0, "seconds": 1},
    # Meter events: how many seconds later they are counted or rejected, and summaries and previews show them; whether
    # also what Stripe is known to refuse at once is rejected later; how many of the next good events are rejected, with
    # which code; the window of an error report in seconds, how many errors of a code it names at most, and by what.
    "metering": {
        "processing_seconds": 0,
        "summary_seconds": 0,
        "checks_later": False,
        "reject_next": 0,
        "reject_code": "meter_event_dimension_count_too_high",
        "report_seconds": 0,
        "samples": 5,
        "sample_names": "idempotency_key",
    },
}
CHOICES = {"after": ("cancel", "past_due", "unpaid"), "sample_names": ("idempotency_key", "identifier")}


def setting(account: Account, name: str) -> Document:
    """The settings of one name, as changed or by default."""
    return {**DEFAULTS[name], **account.settings.get(name, {})}


def change(world: World, name: str, given: Document) -> Document:
    """Change some settings of the `account` given, else of all accounts. Raises ValueError for invalid settings."""
    changed = {key: value for key, value in given.items() if key != "account"}
    unknown = changed.keys() - DEFAULTS[name].keys()
    if unknown:
        raise ValueError(f"unknown settings {', '.join(sorted(unknown))}")
    for key, words in CHOICES.items():
        if changed.get(key, words[0]) not in words:
            raise ValueError(f"{key} must be one of {', '.join(words)}")
    with world.lock:
        accounts = [world.accounts[given["account"]]] if "account" in given else list(world.accounts.values())
        for account in accounts:
            account.settings[name] = {**account.settings.get(name, {}), **changed}
        return {"settings": {account.id: setting(account, name) for account in accounts}}
