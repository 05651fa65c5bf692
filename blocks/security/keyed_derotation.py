"""Bob's side of a link whose frames are hidden by a shared key."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    ParameterError,
    StreamError,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.security.frame_count import FRAME, FrameCount
from semradio.blocks.security.key_ring import KEY, SALT, KeyRing, check_choice, salted
from semradio.blocks.security.real_frames import FRAMES, as_frames, frame_size

REFUSED = "keyed_refused"
"""Key of the tag that says why frames from here on come out as zeros."""


@block("keyed_derotation", category="security")
class KeyedDerotation(SyncBlock):
    """Undo ``keyed_rotation``: ``x_i = Q_i' y_i``, with the same key and session.

    Follows Alice by the tags in the stream: ``keyed_key`` says which key is in force (None:
    frames pass unchanged), ``keyed_frame`` which number a frame has. Between tags frames are
    counted. What a lossy edge drops is counted in by its ``gap`` tag, so all that arrives is
    restored. After a loss without notice frames come out as garbage, up to the next
    ``keyed_frame`` tag: nothing in a frame shows that it was restored wrongly. The same goes for
    a wrong key where no ``keyed_key`` tag comes. Frames may be missing, but not inserted or
    exchanged.

    Alice's tags do not travel over the air. There ``frame_tag: frame`` takes the numbers from the
    receiver, whose ``burst_demodulator`` counts lost frames in, and ``key`` says which key
    counts.

    Without a ``session``, the salt that Alice draws and announces (tag ``keyed_salt``) makes one;
    the first one that comes counts. Frames of another salt, and those whose number has been here
    under the same key, are refused: they come out as zeros, are counted (``foreign``,
    ``repeated``), and the first one of each stretch has the tag ``keyed_refused`` with the reason.
    Numbers of ``frame_tag`` may fall, and are not looked at in this way.

    Results:
        ``frames`` restored; ``lost``, as far as tags told; ``resynchronised``, how often a
        ``keyed_frame`` tag showed that the count was wrong; ``doubtful``, frames since the last
        tag that agreed, at those times: at most so many were garbage; ``key``, the latest
        fingerprint.

    Raises:
        ParameterError: a key cannot be read, ``key`` is none of them, or ``session`` is no text.
        StreamError: Alice uses a key or session that Bob has not, announces no salt where he states
            no session, or a tag states no frame number.

    Example:
        >>> from pathlib import Path
        >>> file = Path("link.key")
        >>> file.touch(mode=0o600)
        >>> _ = file.write_text("5a" * 32)
        >>> frames = np.float32([[0.6, 0.8], [1, 0]])
        >>> hidden = KeyedRotation(keys="file:link.key", session="example")(frames)
        >>> KeyedDerotation(keys="file:link.key", session="example")(hidden).round(3)
        array([[0.6, 0.8],
               [1. , 0. ]], dtype=float32)
    """

    keys: list[str] | str = parameter(
        secret=True, doc="Where the keys are, each as env:NAME or file:PATH; never the keys."
    )
    key: int = parameter(
        0, low=0, live=True, doc="Which of the keys counts where no tag names one, from 0."
    )
    session: str | None = parameter(
        None, doc="Alice's session; None takes the salt that she announces."
    )
    first_frame: int = parameter(
        0, low=0, high=(1 << 63) - 1, doc="Number of the first frame where no tag states it."
    )

    frame_tag: str | None = parameter(
        None,
        doc="Key of a tag that numbers the frames, from 'first_frame' on, instead of Alice's; "
        "'frame' behind burst_demodulator.",
    )

    y = Input(FRAMES, doc="The received frames.")
    x = Output(like="y", doc="The restored frames.")

    frames: int = state(0, doc="Frames restored so far.")
    salt: str = state("", doc="The salt that counts; empty before one came.")
    other: bool = state(False, doc="Whether the frames that come now have another salt.")
    used: dict[str, int] = state(
        factory=dict, doc="By fingerprint, the first number that no restored frame had."
    )
    refusing: str = state("", doc="Why the latest frame was refused; empty if it was not.")
    foreign: int = state(0, doc="Frames of another salt so far.")
    repeated: int = state(0, doc="Frames so far whose number had been here.")
    count: FrameCount | None = state(None, doc="The numbers of the frames; None before the first.")
    told: bool = state(False, doc="Whether a tag has named a key.")
    announced: str | None = state(None, doc="Fingerprint that the last tag named.")
    since: int = state(0, doc="Item from which it counts.")

    def configure(self) -> None:
        check_choice(self.keys, self.key, self.session)
        if self.frame_tag in (GAP, KEY, FRAME):
            raise ParameterError(
                f"parameter 'frame_tag' must be another tag than '{self.frame_tag}', which has its "
                "own meaning here; 'frame' is that of burst_demodulator",
                "frame_tag",
            )
        self.listens = (GAP, SALT, KEY, self.frame_tag or FRAME)

    def start(self) -> None:
        self._ring: KeyRing | None = None
        # Read in any case: a key that is not there is told before the stream begins.
        ring = KeyRing(self.keys, self.session or "", frame_size(self.input_types["y"]))
        if self.session is not None:
            self._ring = ring

    def on_start(self) -> None:
        self._counted()

    def on_tag(self, tag: Tag) -> None:
        count = self._counted()
        if tag.key == GAP:
            # The name may be taken by a tag of the user's; the edges' own are whole numbers.
            if isinstance(tag.value, int) and tag.value > 0:
                count.lose(tag.index, tag.value)
        elif tag.key == SALT:
            self._take_salt(str(tag.value))
        elif self.other:
            # What another salt's frames say about keys and numbers is nothing to us.
            return
        elif tag.key != KEY:
            if not isinstance(tag.value, int) or isinstance(tag.value, bool) or tag.value < 0:
                leaves = "keyed_rotation" if self.frame_tag is None else "burst_demodulator"
                raise StreamError(
                    f"tag '{tag.key}' on item {tag.index} must be the number of a frame, not "
                    f"{tag.value!r}; '{leaves}' leaves these tags"
                )
            if self.frame_tag is None and self._falls(count, tag.index, tag.value):
                count.fall(tag.index, tag.value)
            elif self.frame_tag is None:
                count.announce(tag.index, tag.value)
            else:
                count.state(tag.index, self.first_frame + tag.value)
        else:
            if self.told and tag.value != self.announced:
                count.renew()
            self.told, self.since = True, tag.index
            self.announced = None if tag.value is None else str(tag.value)

    def work(self, y: Array, at: int) -> Array:
        if self.other:
            self.foreign += len(y)
            return self._refuse(y, at, "another salt")
        if self.told and self.announced is None:
            self.refusing = ""
            return y
        name = self._in_force()
        rotation = self._rings().rotation(name, self.since)
        first = self._counted().number(at)
        again = 0
        if self.frame_tag is None:
            again = min(len(y), max(0, self.used.get(name, 0) - first))
            self.used[name] = max(self.used.get(name, 0), first + len(y))
        x = rotation.restore(as_frames(y), first).view(y.dtype).reshape(y.shape)
        if again:
            self.repeated += again
            x[:again] = self._refuse(y[:again], at, "a number that has been here")
        if again < len(y):
            self.refusing = ""
        self.frames += len(y) - again
        return x

    def _refuse(self, y: Array, at: int, why: str) -> Array:
        """Return zeros in place of frames that are not restored, and say so on the first one."""
        if len(y) and self.refusing != why:
            self.tag(REFUSED, why, at)
            self.refusing = why
        return np.zeros_like(y)

    def _take_salt(self, salt: str) -> None:
        if self.session is not None:
            return
        self.salt = self.salt or salt
        self.other = salt != self.salt

    def _falls(self, count: FrameCount, index: int, number: int) -> bool:
        """Whether a number says that frames come again, and not only that a tag stood too late."""
        return count.sure and count.gap_at != index and number < count.number(index)

    def _rings(self) -> KeyRing:
        """Return the keys of the session, as soon as it is known which that is."""
        if self._ring is None:
            if not self.salt:
                raise StreamError(
                    "no salt was announced with the first frame, so it is not known how the frames "
                    "are hidden: let 'keyed_rotation' draw one (no 'session' there), or state the "
                    "same 'session' on both sides"
                )
            size = frame_size(self.input_types["y"])
            self._ring = KeyRing(self.keys, salted(self.salt), size)
        return self._ring

    def results(self) -> dict[str, int | str | None]:
        count = self._counted()
        return {
            "frames": self.frames,
            "lost": count.lost,
            "resynchronised": count.resynchronised,
            "doubtful": count.doubtful,
            "repeated": self.repeated,
            "foreign": self.foreign,
            "key": self.announced if self.told or not self._known() else self._in_force(),
        }

    def _in_force(self) -> str:
        name = self.announced if self.told else None
        return self._rings().fingerprints[self.key] if name is None else name

    def _known(self) -> bool:
        return self.session is not None or bool(self.salt)

    def _counted(self) -> FrameCount:
        if self.count is None:
            self.count = FrameCount(self.first_frame)
        return self.count
