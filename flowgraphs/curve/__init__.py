"""Keys of processes: a CURVE pair for each, and who may come in with which."""
