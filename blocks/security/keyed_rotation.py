"""Alice's side of a link whose frames are hidden by a shared key."""

from __future__ import annotations

import secrets

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    StreamError,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.security.frame_count import FRAME
from semradio.blocks.security.key_ring import KEY, SALT, KeyRing, check_choice, salted
from semradio.blocks.security.ledger import Ledger
from semradio.blocks.security.real_frames import FRAMES, as_frames, frame_size


@block("keyed_rotation", category="security")
class KeyedRotation(SyncBlock):
    """Hide frames from all who lack the key: ``y_i = Q_i x_i / ||x_i||``, Q_i a fresh rotation.

    Q_i is Haar distributed on the orthogonal group of the frame's real values (two for each
    complex one), drawn from AES-256 in counter mode at frame number i under a key that Alice and
    Bob share, so ``keyed_derotation`` undoes it exactly. Without the key y_i is a random
    direction, independent of all others: nothing about x_i is left in it but its length, and with
    ``normalise`` not that either. Bob does not get the length back; links whose frames have equal
    lengths, as per-frame power normalisation makes them, lose nothing.

    No (key, session, frame number) may serve twice: two frames under one rotation are as good as
    one known. So each run draws a salt of 128 random bits, which makes all rotations its own, and
    announces it in the stream by the tag ``keyed_salt``. A study that is to give the same numbers
    again states a ``session`` instead, any text. Sessions are noted in ``KEYFILE.used`` beside the
    file of the key, and one that has served is refused, unless ``first_frame`` is not below the
    result ``next_frame`` of that run, or ``reuse`` says that nothing is sent. Frame numbers are
    ``first_frame`` plus the item's index, whatever key is in use.

    For Bob, tags stand on item 0, on each item from which a change of ``key`` or ``enabled``
    counts, and on every item whose index is a multiple of ``announce``: ``keyed_key``, the
    fingerprint of key and session (public; None while disabled), and ``keyed_frame``, the frame's
    number. Other tags, such as those of ``frame_tagger``, pass and mean nothing here. With
    ``normalise``, a frame of zeros is replaced by another one before it is rotated, so that
    nobody sees that it is zero.

    Results:
        ``frames`` hidden; ``zero_frames`` among them; ``next_frame``, the first number that is
        still fresh; ``key``, the fingerprint of key and session in use.

    Raises:
        ParameterError: a key cannot be read, ``key`` is none of them, or ``session`` is no text or
            has served.
        StreamError: with ``normalise``, a frame that holds NaN or infinity.

    Example:
        >>> from pathlib import Path
        >>> file = Path("link.key")
        >>> file.touch(mode=0o600)
        >>> _ = file.write_text("5a" * 32)
        >>> frames = np.float32([[0.6, 0.8], [0.6, 0.8]])
        >>> hidden = KeyedRotation(keys="file:link.key", session="example")(frames)
        >>> bool(np.allclose(hidden[0], hidden[1])), np.linalg.norm(hidden, axis=1).round(3)
        (False, array([1., 1.], dtype=float32))

    Source:
        Stewart, "The efficient generation of random orthogonal matrices", 1980.
    """

    keys: list[str] | str = parameter(
        secret=True, doc="Where the keys are, each as env:NAME or file:PATH; never the keys."
    )
    key: int = parameter(0, low=0, live=True, doc="Which of the keys is in use, counted from 0.")
    session: str | None = parameter(
        None, doc="Any text; another one makes all rotations others. None draws a fresh salt."
    )
    reuse: bool = parameter(
        False, doc="Whether a session may serve again: for studies, which send nothing."
    )
    normalise: bool = parameter(True, doc="Whether all frames are sent at the same energy.")
    energy: float = parameter(
        1.0, above=0, high=1e30, doc="Energy ||y||^2 of each frame with 'normalise'."
    )
    first_frame: int = parameter(0, low=0, high=(1 << 63) - 1, doc="Number of the first frame.")
    announce: int = parameter(
        128, low=1, unit="items", doc="Items from one statement of the frame number to the next."
    )

    x = Input(FRAMES, doc="The frames, of two real values at least.")
    y = Output(like="x", doc="The rotated frames.")

    salt: str = state("", doc="The salt that was drawn, 32 hexadecimal digits; empty if none.")
    frames: int = state(0, doc="Frames rotated so far.")
    zero_frames: int = state(0, doc="Frames of zeros so far.")
    next_frame: int = state(0, doc="The first number that was not used; 0 if none was.")

    def configure(self) -> None:
        check_choice(self.keys, self.key, self.session)

    def start(self) -> None:
        if self.session is None and not self.resumes:
            self.salt = secrets.token_hex(16)
        session = salted(self.salt) if self.session is None else self.session
        self._ring = KeyRing(self.keys, session, frame_size(self.input_types["x"]))
        self._claimed: list[Ledger] = []
        # A salt of 128 bits is never drawn twice, and needs no ledger.
        if self.session is not None and not self.reuse:
            for place, name in zip(self._ring.references, self._ring.fingerprints, strict=True):
                ledger = Ledger(place, name)
                # Whoever goes on gives the same frames the same numbers as before: it is one claim.
                if not self.resumes:
                    ledger.claim(self.first_frame, self.session)
                self._claimed.append(ledger)

    def stop(self) -> None:
        for ledger in getattr(self, "_claimed", ()):
            ledger.release(self.first_frame, max(self.next_frame, self.first_frame))
        self._claimed = []

    def restore(self, saved: None) -> None:
        """Do nothing: the session is a parameter or a state, and was claimed before."""

    def on_start(self) -> None:
        self._announce_change(0)

    def changed(self, name: str, at: int) -> None:
        if name in ("key", "enabled"):
            self._announce_change(at)

    def work(self, x: Array, at: int) -> Array:
        name = self._ring.fingerprints[self.key]
        first = self.first_frame + at
        frames = as_frames(x)
        if self.normalise:
            frames = self._equalised(frames, at)
        y = self._ring.rotation(name, at).rotate(frames, first)
        for item in range(at + -at % self.announce, at + len(x), self.announce):
            if self.salt:
                self.tag(SALT, self.salt, item)
            self.tag(KEY, name, item)
            self.tag(FRAME, self.first_frame + item, item)
        self.frames += len(x)
        self.next_frame = first + len(x) if len(x) else self.next_frame
        return y.view(x.dtype).reshape(x.shape)

    def results(self) -> dict[str, int | str]:
        return {
            "frames": self.frames,
            "zero_frames": self.zero_frames,
            "next_frame": max(self.next_frame, self.first_frame),
            "key": self._ring.fingerprints[self.key],
        }

    def _announce_change(self, at: int) -> None:
        if self.salt:
            self.tag(SALT, self.salt, at)
        self.tag(KEY, self._ring.fingerprints[self.key] if self.enabled else None, at)
        self.tag(FRAME, self.first_frame + at, at)

    def _equalised(self, frames: Array, at: int) -> Array:
        """Scale every frame to the energy that is stated."""
        # In double precision, where no square of a float32 overflows; one product per frame, which
        # rounds the same however many there are.
        wide = frames.astype(np.float64)
        energy = (wide[:, None, :] @ wide[:, :, None])[:, 0, 0]
        if not np.isfinite(energy).all():
            bad = at + int(np.argmin(np.isfinite(energy)))
            raise StreamError(f"input 'x' carries NaN or infinity, first at item {bad}")
        zero = energy == 0
        if zero.any():
            self.zero_frames += int(zero.sum())
            # Any fixed frame will do: rotated, it is as random as the others.
            wide[zero, 0] = 1
            energy[zero] = 1
        scaled: Array = (wide * np.sqrt(self.energy / energy)[:, None]).astype(np.float32)
        return scaled
