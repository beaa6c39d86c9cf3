"""Plans: their terms, quotas, linked prices, and what becomes of them."""
