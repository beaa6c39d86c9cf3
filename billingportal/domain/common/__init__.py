"""Code that every subject uses: the audit log, locks, form errors, dates, the queue of evaluations."""
