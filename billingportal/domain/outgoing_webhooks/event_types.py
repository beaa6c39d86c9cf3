"""The event types of outgoing webhooks, in the groups in which staff choose them."""

ENTITLEMENTS_CHANGED = "entitlements.changed"
SUBSCRIPTION_CHANGED = "subscription.changed"
INVOICE_PAID = "invoice.paid"
INVOICE_PAYMENT_FAILED = "invoice.payment_failed"
TEST = "webhook.test"

# Each type with its words for people.
GROUPS: dict[str, dict[str, str]] = {
    "Limits": {
        ENTITLEMENTS_CHANGED: "Anything a client may do changed",
        "limit.warning": "80% of a limit",
        "limit.reached": "At a limit",
        "limit.exceeded": "Over a limit",
    },
    "Clients": {
        "client.created": "Created",
        "client.suspended": "Suspended",
        "client.reactivated": "Reactivated",
        "client.archived": "Archived",
    },
    "Money": {
        SUBSCRIPTION_CHANGED: "Subscription changed",
        INVOICE_PAID: "Invoice paid",
        INVOICE_PAYMENT_FAILED: "Payment failed",
    },
}
# The types that an endpoint can choose. A test goes to its endpoint whatever is chosen.
CHOICES = tuple(event_type for group in GROUPS.values() for event_type in group)
USUAL = (
    ENTITLEMENTS_CHANGED,
    "limit.warning",
    "limit.reached",
    "limit.exceeded",
    "client.suspended",
    "client.reactivated",
)
