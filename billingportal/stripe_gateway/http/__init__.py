"""How requests travel to Stripe: connections, time limits, and what an answer may look like."""
