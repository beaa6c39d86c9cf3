"""How pages are put together: assets, icons, filters, the indentation of templates."""
