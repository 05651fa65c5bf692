"""The samples of bursts back to frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    StreamBlock,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.burst_order import BurstOrder, Lost, Piece
from semradio.blocks.phy.receiver import Burst, Receiver
from semradio.blocks.phy.waveform import waveform


@block("burst_demodulator", category="phy")
class BurstDemodulator(StreamBlock):
    """Receive what ``burst_modulator`` sent: find bursts in samples and give their frames.

    The samples may have any gain, phase and delay, a carrier frequency offset within 2 % of the
    symbol rate, a sampling clock off by up to 100 ppm, noise, phase noise, echoes within some two
    symbols, a DC offset and unequal rails. A frame comes out as it was sent plus noise, without
    bias.

    On the first frame of each burst stand the tags ``frame`` (its number, counted from the
    sender's first, lost ones included), ``counter`` (the burst's, modulo 65536), ``snr_db``
    (Es/N0), ``cfo`` (cycles per symbol), ``delay`` (sample at which the burst begins),
    ``clock_ppm`` and ``metric``; ``overlap``, ``doubtful`` and ``clipped`` where that is so. Tags
    of the samples end here, as on the air; a ``gap`` among the samples breaks the burst around
    it.

    Of a lost burst every frame is counted. With ``lost: skip`` the next frame carries the tag
    ``gap`` with their number; ``zeros`` and ``repeat`` put a frame for each, the first of them
    tagged ``filled``. What is lost behind the last burst is known only where ``frames`` says how
    many there are. The stream ends with its input, with the burst that says it is the last, after
    ``frames`` received and lost ones, or after ``quiet`` samples without a burst.

    Results:
        ``bursts`` found, ``received`` of them, ``frames``, ``lost`` (frames), ``refused``
        (headers), ``foreign`` (refused ones of another waveform), ``swapped`` (bursts whose I and
        Q are exchanged), ``cut`` (bursts that are not whole), ``overlaps``, ``doubtful``
        (received bursts whose parts do not fit together), ``clipped``, ``restarts`` of the
        counter, ``echoes``, ``equalised`` (bursts that needed a filter), ``cleaned`` (those that
        had a DC offset or a mirror image), ``snr_db`` and ``clock_ppm`` (means), and ``cfo`` of
        the last.

    Raises:
        ParameterError: there is no such waveform.
        StreamError: a sample is NaN or infinite.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> frames = (rng.standard_normal((16, 23)) / np.sqrt(23)).astype(np.float32)
        >>> samples = BurstModulator(waveform="burst16", silence=200)(frames)
        >>> air = RadioChannel(snr_db=30, frequency_offset=0.001, delay=33.3)(samples)
        >>> received = BurstDemodulator(waveform="burst16")(air)
        >>> received.shape, bool(np.abs(received - frames).max() < 0.1)
        ((16, 23), True)
    """

    listens = (GAP,)

    waveform: str = parameter(
        "burst256", doc="The sender's waveform: a name, also as burst64:complex64[16], or a file."
    )
    lost: Lost = parameter("skip", doc="What a lost frame becomes.")
    frames: int | None = parameter(
        None, low=0, unit="frames", doc="Frames that the sender sends; null if not known."
    )
    from_start: bool = parameter(
        True, doc="Whether frames before the first burst that comes count as lost."
    )
    quiet: int | None = parameter(
        None,
        low=1,
        unit="samples",
        doc="Samples without a burst, after the first, that end the stream.",
    )
    longest_gap: int = parameter(
        16_384, low=1, unit="frames", doc="Lost frames in a row up to which they are filled in."
    )
    linewidth: float | None = parameter(
        None,
        low=0,
        high=1e-2,
        doc="Phase noise to be ready for: linewidth of the oscillators over the symbol rate; null: "
        "estimated in each burst.",
    )

    x = Input("complex64", doc="Samples.")
    y = Output(doc="Frames.")

    receiver: Receiver | None = state(None, doc="The receiver; None before the first sample.")
    order: BurstOrder | None = state(None, doc="The account of bursts; None before the first.")
    given: int = state(0, doc="Frames given so far.")
    silent_from: int | None = state(None, doc="Sample at which the latest burst ended.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self._waveform.item_type}

    def on_start(self) -> None:
        if self.frames == 0:
            self.finish()

    def on_tag(self, tag: Tag) -> None:
        self._receiver().interrupt()

    def work(self, x: Array, at: int) -> Array:
        return self._given(self._receiver().blocks(x))

    def flush(self) -> Array:
        frames = self._given(self._receiver().rest())
        if not self._order().ended:
            frames = np.concatenate([frames, *self._placed(self._order().finish())])
            self._conclude()
        return frames

    def moved(self, index: int) -> None:
        """Tags of samples end here."""

    def results(self) -> dict[str, Any]:
        return {**self._order().results(), "swapped": self._receiver().swapped}

    so_far = results

    def _conclude(self) -> None:
        """Say at the end what the user should know."""
        for remark in self._order().remarks(self._receiver().swapped):
            self.note(remark)

    def _given(self, blocks: Iterable[list[Burst]]) -> Array:
        """Return the frames of bursts, block by block, up to the end of the stream."""
        frames: list[Array] = [self._waveform.item_type.empty()]
        order = self._order()
        for bursts in blocks:
            for burst in bursts:
                self.silent_from = int(burst.delay) + self._length
                frames += self._placed(order.take(burst))
            since = self._receiver().horizon - (self.silent_from or 0)
            if self.quiet and self.silent_from is not None and since > self.quiet:
                frames += self._placed(order.finish())
            if order.ended:
                self.finish()
                self._conclude()
                break
        return np.concatenate(frames)

    def _placed(self, pieces: Iterable[Piece]) -> list[Array]:
        """Return the frames of pieces, and leave their tags."""
        frames = []
        for piece in pieces:
            for key, value in piece.tags.items():
                self.tag(key, value, self.given)
            self.given += len(piece.frames)
            frames.append(piece.frames)
        return frames

    @property
    def _length(self) -> int:
        return layout_of(self._waveform).samples

    def _receiver(self) -> Receiver:
        if self.receiver is None:
            self.receiver = Receiver(self._waveform, self.linewidth)
        return self.receiver

    def _order(self) -> BurstOrder:
        if self.order is None:
            self.order = BurstOrder(
                self._waveform, self.lost, self.frames, self.from_start, self.longest_gap
            )
        return self.order
