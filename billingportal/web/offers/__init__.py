"""What is for sale now and at which price: the pricing page, the calculator, Stripe's proof."""
