"""Settings > API keys: the keys of the host platform, and the rate limit of each."""
