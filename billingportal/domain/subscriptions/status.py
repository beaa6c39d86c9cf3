"""The statuses of a subscription at Stripe, grouped by what they mean for a client."""

ENDED = ("canceled", "incomplete_expired")
RUNNING = ("trialing", "active", "past_due", "unpaid", "paused")
