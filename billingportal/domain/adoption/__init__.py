"""What was subscribed at Stripe outside of the portal: taken over, or ended and given back."""
