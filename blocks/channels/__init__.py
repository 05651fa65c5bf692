"""Channels: noise, fading, and what radios do to samples."""
