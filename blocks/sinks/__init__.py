"""Sinks: files, pictures, counts."""
