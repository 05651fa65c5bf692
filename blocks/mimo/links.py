"""What the item type of a stream of channel states says, checked before a run."""

from __future__ import annotations

from semradio.blocks.api import ItemType, ItemTypeError


def antennas_of(name: str, links: ItemType) -> tuple[int, int, int]:
    """Return (users K, receive antennas Nr, transmit antennas Nt) of complex64[K,K,Nr,Nt].

    Args:
        name: name of the block, for the message.
        links: item type of its input ``h``.

    Raises:
        ItemTypeError: it has not as many transmitters as receivers.
    """
    receivers, transmitters, rx, tx = links.shape
    if receivers != transmitters:
        raise ItemTypeError(
            f"input 'h' of block '{name}' carries the links of {transmitters} transmitters to "
            f"{receivers} receivers ({links}); they must be as many"
        )
    return receivers, rx, tx


def check_user(name: str, user: int, users: int, carrier: str, item: ItemType) -> None:
    """Raise ItemTypeError if input ``carrier`` of type ``item`` serves too few users for it."""
    if user >= users:
        raise ItemTypeError(
            f"parameter 'user' of block '{name}' is {user}, but input '{carrier}' is for {users} "
            f"user{'s' * (users != 1)} ({item}), counted from 0: use at most {users - 1}, or more "
            "users"
        )
