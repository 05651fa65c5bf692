"""Streams and messages to and from GNU Radio, over its own ZeroMQ blocks (gr-zeromq)."""
