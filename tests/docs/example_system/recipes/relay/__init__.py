"""The gain of a relay: an example of a recipe."""

SUMMARY = "A relay that sends on what it receives, with a gain that is learnt from examples."
