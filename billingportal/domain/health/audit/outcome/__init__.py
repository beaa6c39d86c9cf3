"""What an audit found: entries, sentences and the report."""
