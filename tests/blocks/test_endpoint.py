"""Whom the address of a socket reaches."""

from __future__ import annotations

import pytest

from semradio.blocks.endpoint import host_of, is_wildcard, stays_here


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
    assert is_wildcard(endpoint) is (host in ("0.0.0.0", "*", "::"))
