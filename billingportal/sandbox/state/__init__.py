"""The sandbox's stored state, and its changes."""
