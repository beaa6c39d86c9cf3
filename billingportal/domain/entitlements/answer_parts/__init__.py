"""The statements and the parts of the answer to the host platform."""
