"""The payload of bursts back to frames."""

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
    StreamError,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.phy.burst_framer import check_symbols
from semradio.blocks.phy.burst_order import BurstOrder, Lost, Piece
from semradio.blocks.phy.burst_tags import CFO, CLOCK, DELAY, HEADER, PREAMBLE, SNR
from semradio.blocks.phy.receiver import Burst, Occupied
from semradio.blocks.phy.transmitter import unpack
from semradio.blocks.phy.waveform import waveform


@block("symbol_unpacker", category="phy")
class SymbolUnpacker(StreamBlock):
    """Give the frames of bursts, in order, with an account of lost ones.

    The last of four steps of ``burst_demodulator``, whose tags, results and policies it has.

    Results:
        Those of ``burst_demodulator`` that concern frames.

    Raises:
        ParameterError: there is no such waveform.
        ItemTypeError: the items are not what ``burst_equaliser`` gives for the waveform.
        StreamError: a burst comes without the tags of the blocks before.

    Example:
        >>> frames = np.ones((16, 23), np.float32) / np.sqrt(np.float32(23))
        >>> link = Flowgraph("link")
        >>> sink = VectorSink()
        >>> link.connect(
        ...     VectorSource(data=frames),
        ...     BurstModulator(waveform="burst16"),
        ...     BurstDetector(waveform="burst16"),
        ...     BurstSynchroniser(waveform="burst16"),
        ...     BurstEqualiser(waveform="burst16"),
        ...     SymbolUnpacker(waveform="burst16"),
        ...     sink,
        ... )
        >>> results = link.run()
        >>> sink.data.shape, bool(np.abs(sink.data - frames).max() < 0.01)
        ((16, 23), True)
    """

    listens = (PREAMBLE, HEADER, SNR, CFO, DELAY, CLOCK)

    waveform: str = parameter("burst256", doc="Name of the waveform, or a YAML file.")
    lost: Lost = parameter("skip", doc="What a lost frame becomes.")
    frames: int | None = parameter(
        None, low=0, unit="frames", doc="Frames that the sender sends; null if not known."
    )
    from_start: bool = parameter(
        True, doc="Whether frames before the first burst that comes count as lost."
    )
    longest_gap: int = parameter(
        16_384, low=1, unit="frames", doc="Lost frames in a row up to which they are filled in."
    )

    x = Input("complex64[*]", doc="The payload symbols of a burst.")
    y = Output(doc="Frames.")

    order: BurstOrder | None = state(None, doc="The account of bursts; None before the first.")
    occupied: Occupied | None = state(None, doc="The stretch of the stream that bursts have taken.")
    heard: dict[str, Any] = state(factory=dict, doc="The tags of the next burst.")
    given: int = state(0, doc="Frames given so far.")

    def configure(self) -> None:
        self._waveform = waveform(self.waveform)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        check_symbols(inputs["x"], self._waveform.payload, self.name)
        return {"y": self._waveform.item_type}

    def on_tag(self, tag: Tag) -> None:
        self.heard = {**self.heard, tag.key: tag.value}

    def work(self, x: Array, at: int) -> Array:
        found: list[Array] = [self._waveform.item_type.empty()]
        for k in range(len(x)):
            if not self._order().ended:
                found += self._placed(self._order().take(self._burst(x[k : k + 1], at + k)))
            self.heard = {}
        if self._order().ended:
            self._conclude()
            self.finish()
        return np.concatenate(found)

    def flush(self) -> Array:
        found = self._placed(self._order().finish())
        self._conclude()
        return np.concatenate([self._waveform.item_type.empty(), *found])

    def moved(self, index: int) -> None:
        """The tags of bursts that stay are left anew, on their frames."""

    def results(self) -> dict[str, Any]:
        return self._order().results()

    so_far = results

    def _burst(self, payload: Array, index: int) -> Burst:
        for key in self.listens:
            if key not in self.heard:
                raise StreamError(
                    f"burst {index} has no tag '{key}': it must come from 'burst_detector' by way "
                    "of 'burst_synchroniser' and 'burst_equaliser'"
                )
        preamble, header = self.heard[PREAMBLE], self.heard[HEADER]
        if self.occupied is None:
            self.occupied = Occupied(self._waveform)
        overlaps = self.occupied.overlaps(preamble["at"], header["ok"])
        frames = unpack(payload, self._waveform)[0]
        return Burst(
            frames=frames[: header["frames"]] if header["ok"] else frames,
            header_ok=header["ok"],
            counter=header["counter"],
            last=header["last"],
            code=header["code"],
            snr_db=self.heard[SNR],
            cfo=self.heard[CFO],
            delay=self.heard[DELAY],
            clock_ppm=self.heard[CLOCK],
            metric=preamble["metric"],
            filtered=header["filtered"],
            cleaned=header["cleaned"],
            doubtful=header["doubtful"],
            complete=preamble["complete"],
            overlaps=overlaps or preamble["overlaps"],
            clipped=preamble["clipped"],
        )

    def _placed(self, pieces: Iterable[Piece]) -> list[Array]:
        """Return the frames of pieces, and leave their tags."""
        found = []
        for piece in pieces:
            for key, value in piece.tags.items():
                self.tag(key, value, self.given)
            self.given += len(piece.frames)
            found.append(piece.frames)
        return found

    def _conclude(self) -> None:
        for remark in self._order().remarks(0):
            self.note(remark)

    def _order(self) -> BurstOrder:
        if self.order is None:
            self.order = BurstOrder(
                self._waveform, self.lost, self.frames, self.from_start, self.longest_gap
            )
        return self.order
