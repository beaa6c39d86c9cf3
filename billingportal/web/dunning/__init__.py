"""What happens while a payment fails."""
