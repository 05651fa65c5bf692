"""Blocks that transform, correlate and measure spectra."""
