"""The schedules at Stripe that make changes of plan at the end of a period."""
