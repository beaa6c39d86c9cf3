"""The page of an invoice, where its customer reads and pays it."""
