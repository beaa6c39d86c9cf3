"""What every page uses: htmx, forms, assets, navigation, security headers, access to Stripe."""
