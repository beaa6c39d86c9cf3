"""Support for tests of health."""
