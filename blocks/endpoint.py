"""Addresses of sockets, ``tcp://HOST:PORT`` or ``ipc://PATH``: whom they reach."""

from __future__ import annotations

import ipaddress


def host_of(endpoint: str) -> str:
    """Return the host of a tcp address, without brackets; nothing for another transport."""
    transport, _, place = endpoint.partition("://")
    return place.rpartition(":")[0].strip("[]") if transport == "tcp" else ""


def is_number(host: str) -> bool:
    """Whether a host is written as an address of its own, not as a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_wildcard(endpoint: str) -> bool:
    """Whether a socket that is bound here listens on every interface."""
    return host_of(endpoint) in ("0.0.0.0", "*", "::")


def stays_here(endpoint: str) -> bool:
    """Whether only this machine's own processes can reach a socket that listens here."""
    if not endpoint.startswith("tcp://"):
        return True
    host = host_of(endpoint)
    return host == "localhost" or (is_number(host) and ipaddress.ip_address(host).is_loopback)


def exposure(endpoint: str, shown: str = "") -> str:
    """Return in words that other machines can reach a socket which listens here; '' if none can.

    Args:
        shown: what the user calls it; by default its address.
    """
    if stays_here(endpoint):
        return ""
    return f"listens at {shown or endpoint}, where other machines can reach it"
