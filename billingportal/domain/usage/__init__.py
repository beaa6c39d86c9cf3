"""How much clients use of each resource."""
