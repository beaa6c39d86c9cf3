"""Clients and their workspaces, and what staff grant them."""
