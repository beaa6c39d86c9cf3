"""What the host platform is told about entitlements without asking."""
