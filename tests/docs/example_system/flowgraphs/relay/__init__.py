"""An amplifying relay: an example of a system."""
