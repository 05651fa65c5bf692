"""Sources: files, images, signals."""
