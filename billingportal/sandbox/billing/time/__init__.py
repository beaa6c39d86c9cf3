"""What happens as time passes: cycles, renewals, test clocks."""
