"""What the tests of several hosts share: the hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from namespaces import Network, why_not


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Callable[[int], Network]]:
    """A function that makes so many hosts."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    made: list[Network] = []

    def make(hosts: int) -> Network:
        network = Network(hosts, tmp_path)
        made.append(network)
        network.make()
        return network

    yield make
    for network in made:
        network.close()
