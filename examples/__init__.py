"""Programs to read and to copy. None is a part of the portal."""
