"""Arithmetic that several blocks share."""
