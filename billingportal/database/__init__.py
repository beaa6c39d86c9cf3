"""Database access under load and failure: time limits, the writers' queue, dead connections, outages."""
