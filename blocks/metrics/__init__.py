"""Metrics: sinks that measure."""
