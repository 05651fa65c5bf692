"""Models of the interference channel."""
