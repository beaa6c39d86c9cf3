"""Accounts, events, webhook endpoints, test clocks, and samples."""
