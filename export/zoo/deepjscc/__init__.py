"""Models of the colour link."""
