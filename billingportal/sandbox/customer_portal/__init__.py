"""The customer portal's pages: a customer's subscriptions, cards, invoices and details."""
