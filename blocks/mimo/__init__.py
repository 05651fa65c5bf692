"""Several antennas and several users."""
