"""The statuses of a subscription at Stripe, grouped by what they mean for a client."""

ENDED_STATUSES = ("canceled", "incomplete_expired")
LIVE_STATUSES = ("trialing", "active", "past_due", "unpaid", "paused")
FAILING_STATUSES = ("past_due", "unpaid")
