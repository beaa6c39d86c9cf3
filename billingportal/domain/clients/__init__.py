"""Clients, their workspaces, and the plans and quotas that staff grant them."""
