"""The steps of counting a batch of records, each a few statements for the whole batch."""
