"""Recordings, radio hardware and virtual radios."""
