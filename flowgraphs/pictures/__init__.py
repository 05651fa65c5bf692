"""Photographs over a channel: the conventional chain of codec, code and QAM."""
