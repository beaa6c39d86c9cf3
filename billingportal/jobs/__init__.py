"""The background jobs. Each subject declares its own; any number of workers may run them."""
