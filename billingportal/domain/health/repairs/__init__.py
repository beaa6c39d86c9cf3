"""Repairs that a finding's button makes at once. Each file has those of one subject."""
