"""The keys that the tests of this folder use."""

KEYS = ("5a" * 32, "c3" * 32)
