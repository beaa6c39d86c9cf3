"""The ladder of a failing payment."""
