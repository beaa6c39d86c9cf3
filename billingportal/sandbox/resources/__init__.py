"""The resources of Stripe's API: the parameters and handlers of each operation."""
