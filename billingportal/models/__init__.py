"""Every table, imported here so that migrations and relationships see all of them."""
