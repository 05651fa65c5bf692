"""What a viewer makes of the items it was handed, small enough to be drawn: pure NumPy."""
