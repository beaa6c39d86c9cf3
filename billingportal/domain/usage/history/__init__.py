"""What the pages of usage show: days, periods, projections, and clients near their limits."""
