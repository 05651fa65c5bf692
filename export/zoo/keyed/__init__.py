"""Models of the keyed link."""
