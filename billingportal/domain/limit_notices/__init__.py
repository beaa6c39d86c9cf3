"""Notices of clients that come near a limit, reach it or pass it."""
