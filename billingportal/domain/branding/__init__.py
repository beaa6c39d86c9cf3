"""The partner's name, colours and logos."""
