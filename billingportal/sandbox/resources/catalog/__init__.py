"""Products, prices, coupons, meters."""
