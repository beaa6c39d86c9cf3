"""Lists of Stripe's: currencies, versions, tax id types, test cards."""
