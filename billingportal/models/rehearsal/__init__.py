"""Rehearsals: clients' lives played at Stripe on test clocks, step by step, and what was compared."""
