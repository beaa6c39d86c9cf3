"""Everything the sandbox holds, and how it changes."""
