"""What exists in Stripe's test mode only: test clocks, and the acts that a client makes on Stripe's own pages."""
