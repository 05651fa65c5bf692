"""Blocks that filter a stream and change its rate."""
