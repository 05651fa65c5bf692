"""The keys that one side of a link holds, in their order and by their public names."""

from __future__ import annotations

from collections.abc import Sequence

from semradio.blocks.errors import ParameterError, StreamError
from semradio.blocks.security.haar_rotation import HaarRotation
from semradio.blocks.security.keystream import fingerprint, session_bytes
from semradio.blocks.security.secret_key import read_key

SALT = "keyed_salt"
"""Key of the tag that names the salt of a session that the transmitter has drawn."""

KEY = "keyed_key"
"""Key of the tag that names the key in force by its fingerprint; None: nothing is hidden."""


def salted(salt: str) -> str:
    """Return the session that a salt stands for; no stated one looks like it by chance."""
    return f"salt {salt}"


def check_choice(keys: Sequence[str] | str, key: int, session: str | None) -> None:
    """Raise ParameterError if there is no key of that position, or the session is no text."""
    session_bytes(session or "")
    count = len(_listed(keys))
    if key >= count:
        raise ParameterError(f"parameter 'key' is {key}, but 'keys' names only {count}", "key")


class KeyRing:
    """Keys for frames of one size in one session.

    Args:
        keys: references, as :func:`~semradio.blocks.security.secret_key.read_key` takes them.
        session: any text; both sides must state the same.
        size: real values of a frame.

    Raises:
        ParameterError: a reference leads to no key.
    """

    def __init__(self, keys: Sequence[str] | str, session: str, size: int) -> None:
        self.references = _listed(keys)
        found = [read_key(reference) for reference in self.references]
        self.fingerprints = [fingerprint(key, session) for key in found]
        """By position, public."""
        self._rotations = {
            name: HaarRotation(key, session, size=size)
            for name, key in zip(self.fingerprints, found, strict=True)
        }

    def rotation(self, name: str, item: int) -> HaarRotation:
        """Return the rotations of the key of that fingerprint.

        Args:
            name: the fingerprint. item: index of the item that asks for it, for the message.

        Raises:
            StreamError: there is no such key.
        """
        if name not in self._rotations:
            known = zip(self.fingerprints, self.references, strict=True)
            raise StreamError(
                f"item {item} was hidden with key {name}, which is not among the keys here: "
                + ", ".join(f"{own} ({reference})" for own, reference in known)
                + "; both sides need the same key and the same session"
            )
        return self._rotations[name]


def _listed(keys: Sequence[str] | str) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys)
