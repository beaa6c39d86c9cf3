"""Staff, setup links, browser sessions, sign-in attempts and API keys."""
