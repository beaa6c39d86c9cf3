"""Jobs that change subscriptions, and read what is paid for them."""
