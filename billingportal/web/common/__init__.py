"""What every page may use: htmx, forms, security headers, assets, navigation."""
