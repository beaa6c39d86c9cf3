"""Accounts, events, webhook endpoints, test clocks, and samples to try things with."""
