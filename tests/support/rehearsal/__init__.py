"""Plans of every shape, and rehearsals of them."""
