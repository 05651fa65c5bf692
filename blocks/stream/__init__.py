"""Arithmetic on streams, and their shape, order and pace."""
