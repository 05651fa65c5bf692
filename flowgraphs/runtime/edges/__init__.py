"""Edges between processes: wire format, both ends, and who is at the other end."""
