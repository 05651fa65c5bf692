"""Secret random bytes for each frame, and the public name of a key.

The bytes come from AES-256 in counter mode (NIST SP 800-38A, section 6.5), under a subkey that
HKDF-SHA256 (RFC 5869) derives from the key, the session and the use. The counter is the frame's
number times the blocks that a frame owns: any stretch of frames is one call, whichever frames
were drawn before.
"""

from __future__ import annotations

from semradio.blocks.errors import ParameterError

KEY_BYTES = 32
"""Bytes of a key."""

AES_BLOCK = 16
"""Bytes that one step of the counter gives."""

_LABEL = "semradio keyed_rotation 1"
"""Begins what every subkey is derived for; ends in the version of all that follows from it."""


class FrameKeystream:
    """The bytes of a fixed length that belong to each frame, frame by frame.

    Args:
        key: 32 secret bytes.
        session: any text; another session gives unrelated bytes.
        use: what the bytes are for; another use gives unrelated bytes.
        frame_bytes: bytes wanted for a frame; rounded up to whole blocks of 16.

    Raises:
        ParameterError: the key has another length.
    """

    def __init__(self, key: bytes, session: str, use: str, frame_bytes: int) -> None:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES256

        self._blocks = -(-frame_bytes // AES_BLOCK)
        self._aes = AES256(derived(key, session, use, KEY_BYTES))
        self.frame_bytes = self._blocks * AES_BLOCK
        """Bytes that a frame owns."""

    def frames(self, first: int, count: int) -> bytes:
        """Return the bytes of the frames ``first`` to ``first + count - 1``, in order."""
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.modes import CTR

        counter = (first * self._blocks).to_bytes(AES_BLOCK, "big")
        return Cipher(self._aes, CTR(counter)).encryptor().update(bytes(count * self.frame_bytes))


def fingerprint(key: bytes, session: str) -> str:
    """Return the public name of a key in a session, 16 hexadecimal digits.

    It tells whether two sides hold the same key, and nothing about the key.
    """
    return derived(key, session, "fingerprint", 8).hex()


def session_bytes(session: str) -> bytes:
    """Return a session in UTF-8.

    Raises:
        ParameterError: it holds half of a surrogate pair, which is no character.
    """
    try:
        return session.encode()
    except UnicodeEncodeError as error:
        raise ParameterError(
            f"parameter 'session' must be text that UTF-8 can write; character {error.start + 1} "
            f"is {session[error.start]!a}",
            "session",
        ) from None


def derived(key: bytes, session: str, use: str, length: int) -> bytes:
    """Return ``length`` bytes made by HKDF-SHA256 from a key, for one use in one session.

    Raises:
        ParameterError: the key has not 32 bytes, or the session is no text that UTF-8 can write.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    if len(key) != KEY_BYTES:
        raise ParameterError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    # The use holds no slash, so the session, which may, cannot be taken for a part of it.
    info = f"{_LABEL}/{use}/".encode() + session_bytes(session)
    return HKDF(SHA256(), length, salt=None, info=info).derive(key)
