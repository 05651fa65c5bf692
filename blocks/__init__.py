"""Blocks: what they are, how they run in one process, and semradio's own by category."""
