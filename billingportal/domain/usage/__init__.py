"""What clients use: records counted once, by period and day, levels of gauges, and the recount."""
