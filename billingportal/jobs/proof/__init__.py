"""Jobs that prove that invoices and quotas come out right."""
