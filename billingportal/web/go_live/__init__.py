"""Pages of going live."""
