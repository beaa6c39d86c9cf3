"""Email: outbox, delivery, mail server, texts."""
