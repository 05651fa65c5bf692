"""From frames to samples."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.errors import StreamError
from semradio.blocks.phy.burst_header import Header, encode
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.waveform import Waveform


def modulate(
    frames: Array,
    waveform: Waveform,
    *,
    level: float = 0.0,
    gap: int = 0,
    counter: int = 0,
    last: bool = True,
) -> Array:
    """Return the bursts that carry the frames, complex64 samples.

    Args:
        frames: (n, *item); a last burst that they do not fill is filled, and says so.
        level: power of the symbols in dBFS; 0 is that of a carrier of amplitude 1.
        gap: silence after each burst, in symbols.
        counter: number of the first burst.
        last: whether the last burst says that the stream ends with it.

    Raises:
        StreamError: the frames hold NaN or infinity.
    """
    step = waveform.frames
    bursts = []
    for at in range(0, len(frames), step):
        part = frames[at : at + step]
        final = last and at + step >= len(frames)
        header = Header(counter + at // step, len(part), final)
        symbols = burst_symbols(pack(part, waveform, at), header, waveform)
        bursts.append(shape(symbols, waveform, level, gap))
    return np.concatenate([np.zeros(0, np.complex64), *bursts])


def pack(frames: Array, waveform: Waveform, at: int = 0) -> Array:
    """Return the payload symbols of one burst, complex64[payload], in their order on the air.

    Args:
        frames: at most as many as a burst has; filler follows where they are fewer.
        at: number of the first, for messages.
    """
    layout = layout_of(waveform)
    values = np.ascontiguousarray(frames).reshape(-1).view(np.float32)
    if not np.isfinite(values).all():
        bad = at + int(np.argmin(np.isfinite(values))) // waveform.reals
        raise StreamError(f"frames carry NaN or infinity, first in frame {bad}")
    parts = layout.filler.copy()
    np.multiply(values, np.float32(waveform.scale), out=parts[: len(values)])
    if waveform.frames * waveform.reals % 2:
        parts[-1] = 0
    packed: Array = parts.view(np.complex64)[layout.order]
    return packed


def unpack(payload: Array, waveform: Waveform) -> Array:
    """Return the frames of payload symbols, (bursts, frames, *item): what :func:`pack` undoes."""
    layout = layout_of(waveform)
    packed = np.empty(payload.shape, np.complex64)
    packed[:, layout.order] = payload
    values = packed.view(np.float32)[:, : waveform.frames * waveform.reals]
    values = values * np.float32(1 / waveform.scale)
    item = waveform.item_type
    return values.view(item.numpy).reshape(len(payload), waveform.frames, *item.shape)


def burst_symbols(payload: Array, header: Header, waveform: Waveform) -> Array:
    """Return all symbols of a burst around its payload, complex64[symbols]."""
    layout = layout_of(waveform)
    symbols = np.empty(layout.symbols, np.complex64)
    symbols[: waveform.preamble] = layout.preamble
    symbols[waveform.preamble : layout.body] = encode(header, waveform.code)
    symbols[layout.payload_at] = payload
    symbols[layout.pilots_at] = layout.pilots
    symbols[layout.tail_at :] = layout.tail
    return symbols


def shape(symbols: Array, waveform: Waveform, level: float, gap: int) -> Array:
    """Return the samples of a burst, complex64[samples + gap], from its symbols.

    The first symbol stands half a pulse after the first sample.
    """
    layout = layout_of(waveform)
    step, span = waveform.samples_per_symbol, waveform.span
    amplitude = 10 ** (level / 20) * np.sqrt(step)
    phases = np.zeros((span + 1) * step)
    phases[: len(layout.taps)] = layout.taps * amplitude
    # Each sample of a symbol period is a short filter over symbols: one product does all of them,
    # on real and imaginary parts alike.
    count = layout.symbols + span
    shifted = np.zeros((span + 1, count), np.complex64)
    for k in range(span + 1):
        shifted[k, k : k + layout.symbols] = symbols
    filters = phases.reshape(span + 1, step).T.astype(np.float32)
    parts = (filters @ shifted.view(np.float32)).view(np.complex64)
    samples = np.zeros(layout.samples + gap * step, np.complex64)
    samples[: layout.samples].reshape(count, step)[:] = parts.T
    return samples
