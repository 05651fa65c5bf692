"""Sound, text and film: files of them as streams."""
