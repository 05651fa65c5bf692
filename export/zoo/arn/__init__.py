"""Models of the paired residual networks."""
