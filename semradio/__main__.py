"""``python -m semradio``: the same as the command ``semradio``."""

from semradio.flowgraphs.cli.main import main

main()
