"""Clients and their workspaces."""
