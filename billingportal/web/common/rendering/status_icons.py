"""The icons of statuses and of entries in a client's timeline."""

from flask import Flask

UNKNOWN_STATUS = "help-circle"
STATUSES = {
    # A client
    "archived": "archive",
    "comp": "star",
    "free": "circle-check",
    "no_plan": "circle-dashed",
    "payment_needed": "circle-x",
    "suspended": "lock",
    "waiting": "clock",
    # A subscription
    "active": "circle-check",
    "canceled": "circle-x",
    "canceling": "circle-x",
    "ended": "circle-x",
    "incomplete": "clock",
    "incomplete_expired": "circle-x",
    "past_due": "alert-triangle",
    "paused": "player-pause",
    "trialing": "clock",
    "unpaid": "alert-circle",
    # An invoice and its payment
    "disputed": "message-report",
    "open": "clock",
    "overdue": "alert-circle",
    "paid": "circle-check",
    "payment_failed": "circle-x",
    "refund_failed": "alert-circle",
    "refund_pending": "clock",
    "refunded": "receipt-refund",
    "to_confirm": "alert-triangle",
    "uncollectible": "circle-x",
    "under_way": "clock",
    "void": "circle-x",
    # The use of a resource
    "at_limit": "alert-triangle",
    "billed": "receipt",
    "cap": "alert-triangle",
    "near": "alert-triangle",
    "over": "circle-x",
    "unlimited": "circle-check",
    "within": "circle-check",
}
UNKNOWN_ACTION = "info-circle"
# By prefix of the action, longer prefixes first.
ACTIONS = {
    "client.suspended": "lock",
    "client.reactivated": "circle-check",
    "client.archived": "archive",
    "client.access_withdrawn": "logout",
    "client.created": "user-plus",
    "client.linked": "link",
    "client": "user-edit",
    "comp": "gift",
    "quota_override": "adjustments",
    "workspace": "building",
    "entitlement.started": "circle-check",
    "entitlement.plan_changed": "arrow-up-right",
    "entitlement.step_changed": "alert-triangle",
    "entitlement": "refresh",
    "invoice": "receipt",
    "mail": "mail",
}


def status_icon(status: str) -> str:
    """The name of the icon. Stripe may send statuses that this release does not know."""
    return STATUSES.get(status, UNKNOWN_STATUS)


def action_icon(action: str) -> str:
    return next((name for start, name in ACTIONS.items() if action.startswith(start)), UNKNOWN_ACTION)


def init_app(app: Flask) -> None:
    app.add_template_global(status_icon)
    app.add_template_global(action_icon)
