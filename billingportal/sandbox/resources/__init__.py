"""The resources of Stripe's API: what each operation takes and does."""
