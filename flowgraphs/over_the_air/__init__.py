"""Links that go over the air: bursts of samples with all that a radio does to them."""
