"""Eavesdroppers on the colour link."""
