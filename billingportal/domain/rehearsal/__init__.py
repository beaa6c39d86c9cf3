"""Rehearsals in test mode: clients' lives on Stripe's test clocks, compared step by step."""
