"""Blocks of analog radio: level, frequency, squelch, FM."""
