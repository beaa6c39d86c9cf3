"""From subscription periods to invoices: lines, discounts, tax, totals, previews."""
