"""Moving clients from a retired price to the one that is sold now."""
