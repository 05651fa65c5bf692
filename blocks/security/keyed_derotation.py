"""Bob's side of a link whose frames are hidden by a shared key."""

from __future__ import annotations

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    StreamError,
    SyncBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.security.frame_count import FRAME, FrameCount
from semradio.blocks.security.key_ring import KEY, KeyRing, check_choice
from semradio.blocks.security.real_frames import as_frames, frame_size


@block("keyed_derotation", category="security")
class KeyedDerotation(SyncBlock):
    """Undo ``keyed_rotation``: ``x_i = Q_i' y_i``, with the same key and session.

    Follows Alice by the tags in the stream: ``keyed_key`` says which key is in force (None: frames
    pass unchanged), ``keyed_frame`` which number a frame has. Between tags frames are counted. What
    a lossy edge drops is counted in by its ``gap`` tag, so all that arrives is restored. After a
    loss without notice frames come out as garbage, up to the next ``keyed_frame`` tag: nothing in a
    frame shows that it was restored wrongly. The same goes for a wrong key where no ``keyed_key``
    tag comes. Frames may be missing, but not inserted or exchanged.

    Results: ``frames`` restored; ``lost``, as far as tags told; ``resynchronised``, how often a
    ``keyed_frame`` tag showed that the count was wrong; ``doubtful``, frames since the last tag
    that agreed, at those times: at most so many were garbage; ``key``, the latest fingerprint.

    Raises:
        ParameterError: a key cannot be read, ``key`` is none of them, or ``session`` is no text.
        StreamError: Alice uses a key or session that Bob has not, or a tag states no frame number.
    """

    listens = (GAP, KEY, FRAME)

    keys: list[str] | str = parameter(
        secret=True, doc="Where the keys are, each as env:NAME or file:PATH; never the keys."
    )
    key: int = parameter(
        0, low=0, live=True, doc="Which of the keys counts where no tag names one, from 0."
    )
    session: str = parameter("", doc="Alice's session.")
    first_frame: int = parameter(
        0, low=0, high=(1 << 63) - 1, doc="Number of the first frame where no tag states it."
    )

    y = Input("float32[*] | complex64[*]", doc="The received frames.")
    x = Output(like="y", doc="The restored frames.")

    frames: int = state(0, doc="Frames restored so far.")
    count: FrameCount | None = state(None, doc="The numbers of the frames; None before the first.")
    told: bool = state(False, doc="Whether a tag has named a key.")
    announced: str | None = state(None, doc="Fingerprint that the last tag named.")
    since: int = state(0, doc="Item from which it counts.")

    def configure(self) -> None:
        check_choice(self.keys, self.key, self.session)

    def start(self) -> None:
        self._ring = KeyRing(self.keys, self.session, frame_size(self.input_types["y"]))

    def on_start(self) -> None:
        self._counted()

    def on_tag(self, tag: Tag) -> None:
        count = self._counted()
        if tag.key == GAP:
            # The name may be taken by a tag of the user's; the edges' own are whole numbers.
            if isinstance(tag.value, int) and tag.value > 0:
                count.lose(tag.index, tag.value)
        elif tag.key == FRAME:
            if not isinstance(tag.value, int) or isinstance(tag.value, bool) or tag.value < 0:
                raise StreamError(
                    f"tag '{FRAME}' on item {tag.index} must be the number of a frame, not "
                    f"{tag.value!r}; 'keyed_rotation' leaves these tags"
                )
            count.announce(tag.index, tag.value)
        else:
            if self.told and tag.value != self.announced:
                count.renew()
            self.told, self.since = True, tag.index
            self.announced = None if tag.value is None else str(tag.value)

    def work(self, y: Array, at: int) -> Array:
        if self.told and self.announced is None:
            return y
        rotation = self._ring.rotation(self._in_force(), self.since)
        self.frames += len(y)
        return rotation.restore(as_frames(y), self._counted().number(at)).view(y.dtype)

    def results(self) -> dict[str, int | str | None]:
        count = self._counted()
        return {
            "frames": self.frames,
            "lost": count.lost,
            "resynchronised": count.resynchronised,
            "doubtful": count.doubtful,
            "key": self.announced if self.told else self._in_force(),
        }

    def _in_force(self) -> str:
        name = self.announced if self.told else None
        return self._ring.fingerprints[self.key] if name is None else name

    def _counted(self) -> FrameCount:
        if self.count is None:
            self.count = FrameCount(self.first_frame)
        return self.count
