"""Plans: quotas, linked prices, drift, resources."""
