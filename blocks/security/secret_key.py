"""Keys outside flowgraph files: where a reference leads, and how a key file is made.

A flowgraph names a key as ``env:NAME`` or ``file:PATH``; what stands there is the key, 64
hexadecimal digits. Nothing here, and no message, ever shows one.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from semradio.blocks.errors import ParameterError
from semradio.blocks.regular_file import open_regular, open_to_others, unread
from semradio.blocks.security.keystream import KEY_BYTES

_DIGITS = 2 * KEY_BYTES
_MOST = 4096
"""Bytes of a key file that are read; white space around a key does no harm."""


def read_key(reference: str) -> bytes:
    """Return the key that a reference leads to, 32 bytes.

    Args:
        reference: ``env:NAME`` for an environment variable, ``file:PATH`` for a file; a relative
            path counts from the current folder, and ``~`` is the home folder.

    Raises:
        ParameterError: there is no such variable or file, others may read the file, or what stands
            there is not 64 hexadecimal digits.
    """
    kind, _, name = reference.partition(":")
    text = _from_file(name) if kind == "file" else _from_environment(name)
    digits = "".join(text.split())
    if len(digits) != _DIGITS:
        raise ParameterError(
            f"key '{reference}' must be {_DIGITS} hexadecimal digits, not {len(digits)} "
            "characters; 'semradio key FILE' makes one",
            "keys",
        )
    if not re.fullmatch("[0-9A-Fa-f]+", digits):
        raise ParameterError(
            f"key '{reference}' must be {_DIGITS} hexadecimal digits; it holds other characters",
            "keys",
        )
    return bytes.fromhex(digits)


def make_key_file(path: Path) -> None:
    """Write a new random key to a new file that only its owner may read.

    Raises:
        ParameterError: the file exists already, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ParameterError(f"'{path}' exists already; a key is never overwritten") from None
    except OSError as error:
        raise ParameterError(f"'{path}' cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def _from_environment(name: str) -> str:
    text = os.environ.get(name)
    if not text:
        raise ParameterError(
            f"no key in the environment variable {name}: 'semradio key FILE' makes one; then "
            f'export {name}="$(cat FILE)", or name the file instead, as file:FILE',
            "keys",
        )
    return text


def _from_file(name: str) -> str:
    path = Path(name).expanduser()
    try:
        with open_regular(path) as stream:
            if (mode := open_to_others(stream)) is not None:
                raise ParameterError(
                    f"key file '{path}' is open to others (mode {mode}): "
                    f"chmod 600 '{path}', and make a new key if others may have read it",
                    "keys",
                )
            return stream.read(_MOST).decode("latin-1")
    except FileNotFoundError:
        raise ParameterError(
            f"no key file '{path}': 'semradio key {path}' makes one", "keys"
        ) from None
    except OSError as error:
        raise ParameterError(f"key file '{path}' {unread(error)}", "keys") from None
