"""Changes of plan and cancellations."""
