"""What every subject's jobs use: the job itself, and work on each connected account."""
