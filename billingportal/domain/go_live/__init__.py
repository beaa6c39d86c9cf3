"""Going live: the checklist, pairs of test and live prices, and the switch."""
