"""Mail to clients: written, kept in an outbox, sent."""
