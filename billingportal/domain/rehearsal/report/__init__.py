"""Signed reports of rehearsals: their content, signature and verification, and what changed since."""
