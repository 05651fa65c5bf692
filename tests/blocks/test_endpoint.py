"""Whom the address of a socket reaches."""

from __future__ import annotations

import pytest

from semradio.blocks.endpoint import exposure, host_of, is_wildcard, stays_here
from semradio.blocks.radio.tcp_source import TcpSource


@pytest.mark.parametrize(
    ("endpoint", "host", "here"),
    [
        ("tcp://127.0.0.1:5555", "127.0.0.1", True),
        ("tcp://127.8.9.1:5555", "127.8.9.1", True),
        ("tcp://[::1]:5555", "::1", True),
        ("tcp://localhost:5555", "localhost", True),
        ("ipc:///tmp/a.sock", "", True),
        ("tcp://0.0.0.0:5555", "0.0.0.0", False),
        ("tcp://*:5555", "*", False),
        ("tcp://[::]:5555", "::", False),
        ("tcp://192.168.1.7:5555", "192.168.1.7", False),
        ("tcp://alice.lan:5555", "alice.lan", False),
        ("tcp://127.0.0.1.lan:5555", "127.0.0.1.lan", False),
    ],
)
def test_whom_an_address_reaches(endpoint: str, host: str, here: bool) -> None:
    assert host_of(endpoint) == host
    assert stays_here(endpoint) is here
    assert (exposure(endpoint) == "") is here
    assert is_wildcard(endpoint) is (host in ("0.0.0.0", "*", "::"))


def test_who_is_told_of_a_socket_that_others_reach() -> None:
    assert exposure("tcp://*:5555") == (
        "listens at tcp://*:5555, where other machines can reach it"
    )
    assert exposure("tcp://[0.0.0.0]:5555", "0.0.0.0").startswith("listens at 0.0.0.0, where")
    for host, told in (("0.0.0.0", True), ("127.0.0.1", False), ("localhost", False)):
        source = TcpSource(address=f"{host}:0", bind=True)
        source.start()
        source.stop()
        assert bool(source.notes) is told
