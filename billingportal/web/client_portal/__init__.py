"""What a client sees and does on its own billing page."""
