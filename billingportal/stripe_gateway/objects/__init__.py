"""The portal's copies of Stripe's objects, and their parsing from JSON."""
