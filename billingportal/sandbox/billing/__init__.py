"""How subscriptions become invoices, and invoices get paid."""
