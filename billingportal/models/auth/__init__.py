"""Staff, setup links, browser sessions and sign-in attempts."""
