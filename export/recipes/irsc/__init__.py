"""Image links over a MIMO interference channel: the scheme IRSC, its baselines, and better ones."""
