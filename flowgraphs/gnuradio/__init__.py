"""semradio blocks inside GNU Radio: what GNU Radio Companion reads, and what runs there.

``description`` and ``installation`` belong to ``semradio gnuradio``; ``adaptor`` and what it needs
run in GNU Radio's own Python, and are imported nowhere else.
"""
