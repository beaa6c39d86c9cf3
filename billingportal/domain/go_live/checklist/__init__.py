"""The checklist of going live: computed from facts, never ticked by hand."""
