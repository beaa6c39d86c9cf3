"""The control API, the faults it can cause, and the page for people."""
