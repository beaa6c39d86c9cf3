"""How the portal waits for its database: limits, the line of writers, dead connections, outages."""
