"""A running flowgraph in a terminal: ``semradio top``."""
