"""The programs in examples/, run against real portals."""
