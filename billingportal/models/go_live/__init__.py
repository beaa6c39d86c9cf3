"""Going live: the selling mode, chosen twins, promotions of test prices, waivers, and facts that were asked for."""
