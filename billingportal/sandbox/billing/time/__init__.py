"""Automatic actions as time passes: cycles, renewals, test clocks."""
