"""One panel of a page: what it asks of the run, and what it makes of the frames that come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api.item_type import Array, ItemType
from semradio.flowgraphs.plain import for_json
from semradio.flowgraphs.view.feed import Frame
from semradio.flowgraphs.view.reduce.alignment import Alignment
from semradio.flowgraphs.view.reduce.classes import classes_of
from semradio.flowgraphs.view.reduce.density import density, points_of, reach_of
from semradio.flowgraphs.view.reduce.envelope import envelope
from semradio.flowgraphs.view.reduce.histogram import histogram
from semradio.flowgraphs.view.reduce.picture import is_picture, pictures
from semradio.flowgraphs.view.reduce.spectrum import Averaging, Spectrum, spectrum

KINDS = ("constellation", "spectrum", "waterfall", "time", "histogram", "pictures", "classes")
"""What frames can be drawn as; metrics and confusion are drawn from the status."""

CELLS = 128
"""Cells along each side of a density."""

COLUMNS = 1024
"""Columns of a signal over time."""

BINS = 1024
"""Values of a spectrum of complex samples."""

_PICTURES = 4
"""Pictures, or classes, side by side."""

_SEEN_AT_ONCE = 64
"""Items that several ports are asked for: some of them will be the same."""

_POINTS = 1024
"""Points of a constellation at most."""

_AVERAGE_S = 0.25


Spectra = dict[str, Spectrum]
"""By port, the spectrum of its newest frame: a spectrum and a waterfall of it are one transform."""


def kinds_of(item: ItemType) -> list[str]:
    """Return what items of a type may be drawn as, what suits them best first."""
    if is_picture(item.dtype, item.shape):
        return ["pictures", "histogram"]
    if item.dtype.startswith("complex"):
        return ["constellation", "spectrum", "waterfall", "time", "histogram"]
    if item.dtype.startswith("float"):
        if item.shape:
            return ["constellation", "time", "spectrum", "waterfall", "histogram"]
        return ["time", "spectrum", "waterfall", "histogram"]
    return ["histogram", "time"] if item.shape else ["classes", "time", "histogram"]


def items_of(kind: str, item: ItemType, ports: int = 1) -> int:
    """Return how many items of a type a frame should have for a kind of drawing of some ports."""
    wanted = {"spectrum": 2 * BINS, "waterfall": 2 * BINS, "time": 4096, "histogram": 4096}
    if kind in ("pictures", "classes"):
        several = min(_SEEN_AT_ONCE, max(_PICTURES, (1 << 17) // max(1, item.size)))
        return _PICTURES if ports == 1 else several
    return max(1, min(wanted.get(kind, _POINTS), 8192) // max(1, item.size))


class Panel:
    """What one panel of a page shows.

    Args:
        kind: one of :data:`KINDS`. of: ports.
    """

    def __init__(self, kind: str, of: list[str]) -> None:
        self.kind = kind
        self.of = of
        self._averaging = Averaging(_AVERAGE_S)
        self._reach = 0.0
        self._types: dict[str, ItemType] = {}
        self._alignment = Alignment()

    def shown(
        self, frames: Mapping[str, Frame], spectra: Spectra
    ) -> tuple[dict[str, Any], list[Array]] | None:
        """Return what the page needs to draw the newest frames: a header and arrays.

        Args:
            frames: by port, the newest one that the page has not seen; None if there is nothing.
            spectra: of these frames, as far as they are known; what is found out is added.
        """
        fresh = [(port, frames[port]) for port in self.of if port in frames]
        fresh = [(port, frame) for port, frame in fresh if len(frame.array)]
        if not fresh:
            return None
        frame = fresh[0][1]
        header: dict[str, Any] = {
            "kind": self.kind,
            "index": frame.index,
            "count": len(frame.array),
            "skipped": frame.skipped,
            "t_ms": frame.t_ns / 1e6,
            "tags": [[t.index, t.key, for_json(t.value)] for _, f in fresh for t in f.tags[:20]],
        }
        if self.kind in ("pictures", "classes"):
            return self._each(header, fresh)
        if self.kind in ("spectrum", "waterfall"):
            if frame.port not in spectra:
                spectra[frame.port] = spectrum(frame.array.reshape(-1), BINS)
            more, arrays = self._over_frequency(spectra[frame.port])
        else:
            more, arrays = getattr(self, f"_{self.kind}")(frame.array)
        return {**header, **more}, arrays

    def _constellation(self, items: Array) -> tuple[dict[str, Any], list[Array]]:
        points = points_of(items)
        wanted = reach_of(points)
        # Larger at once, smaller only when it is clearly too large.
        if wanted > self._reach or wanted < 0.55 * self._reach:
            self._reach = wanted
        cells = density(points, self._reach, CELLS)
        shown = points[:_POINTS]
        return (
            {"reach": self._reach, "points": len(points), "cells": CELLS},
            [np.minimum(cells, 255).astype(np.uint8), shown],
        )

    def _over_frequency(self, found: Spectrum) -> tuple[dict[str, Any], list[Array]]:
        level = found.level
        if self.kind == "spectrum":
            level = self._averaging.add(level, time.monotonic())
        return {"first": found.first, "step": found.step, "segments": found.segments}, [level]

    def _time(self, items: Array) -> tuple[dict[str, Any], list[Array]]:
        x = items.reshape(-1)
        lines = [x.real, x.imag] if np.iscomplexobj(x) else [x]
        return {"values": len(x), "lines": len(lines)}, [envelope(line, COLUMNS) for line in lines]

    def _histogram(self, items: Array) -> tuple[dict[str, Any], list[Array]]:
        found = histogram(items, 96)
        about = {
            "low": found.low,
            "high": found.high,
            "mean": found.mean,
            "deviation": found.deviation,
        }
        return about, [found.counts.astype(np.float32)]

    def _each(
        self, header: dict[str, Any], fresh: list[tuple[str, Frame]]
    ) -> tuple[dict[str, Any], list[Array]]:
        for port, frame in fresh:
            self._types[port] = frame.item
            self._alignment.add(port, frame.index, frame.array)
        ports = [port for port in self.of if port in self._types]
        common = self._alignment.common(ports, _PICTURES)
        newest = {port: frame.index + np.arange(len(frame.array)) for port, frame in fresh}
        parts: list[dict[str, Any]] = []
        arrays: list[Array] = []
        for port in ports if len(common) else newest:
            indices = common if len(common) else newest[port][-_PICTURES:]
            items = self._alignment.items(port, indices)
            part: dict[str, Any] = {"port": port, "index": int(indices[0])}
            if is_picture(self._types[port].dtype, self._types[port].shape):
                found = pictures(items, _PICTURES)
                part["shape"] = list(found.shape[:3])
                arrays.append(found)
            else:
                part["classes"] = classes_of(items).tolist()
            parts.append(part)
        first = int(common[0]) if len(common) else header["index"]
        return {**header, "index": first, "aligned": bool(len(common)), "parts": parts}, arrays
