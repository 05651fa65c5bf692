"""A folder of CURVE keys: one pair for each process of a flowgraph, and three for its control.

``NAME.key`` is the public half, as pyzmq's certificates write it, and ``NAME.key_secret`` the whole
pair, which only its owner may read. A host has the public halves of all, and the secrets of what
runs there.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import zmq

from semradio.blocks.errors import ParameterError, SemradioError, nearest
from semradio.blocks.regular_file import open_regular, open_to_others, unread

RUN, LOOK, CHANGE = "run", "look", "change"
CONTROL = (RUN, LOOK, CHANGE)
"""Names of the pairs that control uses: the command that runs all processes, who may look at a run,
and who may change it too."""

_PUBLIC, _SECRET = ".key", ".key_secret"
_MOST = 1 << 16
"""Bytes of a key file that are read."""


class KeysError(SemradioError):
    """A process lacks a key, or has a wrong one."""

    trace = ""
    """Tells the command line that the command was right and the host is not."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two halves of one process's key, in Z85; the secret one is shown nowhere."""

    name: str
    public: bytes
    secret: bytes = field(repr=False)


def make(folder: Path, processes: Iterable[str]) -> list[str]:
    """Make a pair for each process, and those of control, in a new folder; returns the names.

    Raises:
        ParameterError: the folder holds keys already or cannot be written, or a process has a name
            that control needs.
    """
    from zmq.auth import create_certificates

    names = [*processes, *CONTROL]
    for name in names[: -len(CONTROL)]:
        if name in CONTROL:
            raise ParameterError(
                f"process '{name}' cannot have a key: that name is one of control "
                f"({', '.join(CONTROL)}); give the process another name"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.glob(f"*{_PUBLIC}*")):
            raise ParameterError(
                f"'{folder}' holds keys already; a key is never overwritten: name another folder"
            )
        # pyzmq writes the file first and leaves its mode to the umask.
        before = os.umask(0o077)
        try:
            for name in names:
                public, _ = create_certificates(folder, name)
                Path(public).chmod(0o644)
        finally:
            os.umask(before)
    except OSError as error:
        raise ParameterError(f"'{folder}' cannot be written: {error.strerror}") from None
    return names


def bundle(folder: Path, names: Iterable[str], out: Path) -> list[str]:
    """Pack the public halves of all and the secrets of some into a tar file that is its owner's.

    Unpacked with ``tar xf``, it is a folder of the same name.

    Raises:
        KeysError: a key is not there. ParameterError: the file exists, or cannot be written.
    """
    wanted = list(names)
    for name in wanted:
        read_pair(folder, name)
    packed = [path.name for path in sorted(folder.glob(f"*{_PUBLIC}"))]
    packed += [f"{name}{_SECRET}" for name in wanted]
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ParameterError(f"'{out}' exists already; a key is never overwritten") from None
    except OSError as error:
        raise ParameterError(f"'{out}' cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        for name in packed:
            data = (folder / name).read_bytes()
            entry = tarfile.TarInfo(f"{folder.resolve().name}/{name}")
            entry.size = len(data)
            entry.mode = 0o600 if name.endswith(_SECRET) else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return packed


def names_in(folder: Path) -> list[str]:
    """Return whose public halves a folder holds."""
    return sorted(path.name.removesuffix(_PUBLIC) for path in folder.glob(f"*{_PUBLIC}"))


def read_public(folder: Path, name: str) -> bytes:
    """Return the public half of a process's key; KeysError if it is not there."""
    return _read(folder, name, _PUBLIC)["public-key"]


def read_pair(folder: Path, name: str) -> Pair:
    """Return the pair of a process.

    Raises:
        KeysError: it is not there, others may read it, or its halves are not those of one pair or
            not of the process.
    """
    found = _read(folder, name, _SECRET)
    public = read_public(folder, name)
    secret = found.get("secret-key")
    if secret is None or zmq.curve_public(secret) != public:
        raise KeysError(
            f"the key of '{name}' in '{folder}' does not go with its public half: an old bundle, "
            "or another process's key; unpack the bundle of this folder again"
        )
    return Pair(name, public, secret)


def _read(folder: Path, name: str, ending: str) -> dict[str, bytes]:
    """Return the keys in a certificate by their names, 40 characters each."""
    path = folder / f"{name}{ending}"
    try:
        with open_regular(path) as stream:
            if ending == _SECRET and (mode := open_to_others(stream)) is not None:
                raise KeysError(
                    f"key file '{path}' is open to others (mode {mode}): "
                    f"chmod 600 '{path}', and make new keys if others may have read it"
                )
            text = stream.read(_MOST)
    except FileNotFoundError:
        raise KeysError(_missing(folder, name, ending)) from None
    except OSError as error:
        raise KeysError(f"key file '{path}' {unread(error)}") from None
    found = re.findall(rb'(?m)^\s*(public-key|secret-key)\s*=\s*"([!-~]{40})"\s*$', text)
    keys = {key.decode(): value for key, value in found}
    if "public-key" not in keys:
        raise KeysError(f"'{path}' holds no key; 'semradio keys new' makes them")
    return keys


def _missing(folder: Path, name: str, ending: str) -> str:
    known = names_in(folder)
    if not known:
        return f"no keys in '{folder}': 'semradio keys new {folder} FILE' makes them"
    if ending == _SECRET and name in known:
        return (
            f"the secret key of '{name}' is not in '{folder}': 'semradio keys bundle {name}' "
            "packs it where the keys were made"
        )
    return (
        f"no key of '{name}' in '{folder}'{nearest(name, known)}; there are keys of "
        f"{', '.join(known)}"
    )
