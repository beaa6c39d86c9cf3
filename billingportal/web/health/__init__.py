"""Pages of the agreement with Stripe, and what load balancers and monitoring ask."""
