"""Ports of this host for tests: out of the range from which the system hands out ports itself.

A port that the system has named (one binds port 0, looks and lets go) may be the next that it
hands to any other socket, a connecting one too, before the test's process listens there; and of
the ports after it nothing is known. Below that range only who asks for a port by name gets it.
"""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below every system's own range: Linux begins at 32768, others later.
_LOWEST, _SPAN, _WORKERS = 12000, 1250, 16
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_begin = random.randrange(_SPAN)
_steps = itertools.count(_begin)


def free_port(following: int = 0) -> int:
    """A port of 127.0.0.1 at which nothing is, nor at the `following` ones after it.

    Each call tells another one, and each worker of the tests tells its own.
    """
    while True:
        port = _LOWEST + _worker * _SPAN + next(_steps) % (_SPAN - following)
        for _ in range(following):
            next(_steps)
        if all(_is_free(each) for each in range(port, port + following + 1)):
            return port


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
