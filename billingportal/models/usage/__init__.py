"""Tables of what clients use: records, totals, levels, periods, reservations, pools and limits reached."""
