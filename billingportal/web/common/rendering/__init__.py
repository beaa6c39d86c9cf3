"""Rendering of pages: assets, icons, filters, the indentation of templates."""
