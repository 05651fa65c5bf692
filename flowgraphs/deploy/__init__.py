"""Puts the processes of a flowgraph where they belong, with engines that exist."""
