"""Reading what a browser sends: ids, text that can be stored, parameters of addresses, cookies."""
