"""What hides frames from whoever lacks a key."""
