"""What every subject may use: the audit log, locks, form errors, dates in words, the queue of clients to evaluate."""
