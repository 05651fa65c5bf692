"""The published way to send analogue symbols over GNU Radio: packets of its stock OFDM.

64 carriers, 48 of them for data and 4 for pilots, a prefix of 16 samples, the two synchronisation
words of GNU Radio's examples, 20 symbols of data to a packet: the chain of the DeepJSCC
demonstrations. GNU Radio itself finds the packets and undoes the carrier (see channel_peer.py);
what follows there is done here as it does it: whole carriers of offset by the first word, the
channel from the second one, no change of it within a packet, and after that the phase of each
symbol by its pilots, which those demonstrations had to add.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from semradio.blocks.api import Array

LENGTH, PREFIX, SYMBOLS = 64, 16, 20

DATA = [k for k in range(-26, 27) if k not in (-21, -7, 0, 7, 21)]
PILOTS = [-21, -7, 7, 21]
PILOT_VALUES = np.array([1, 1, 1, -1])

WORD_1 = ".......+.-.+.-.-.-.+.-.+.-.-.-.-.+.-.+.+.+.-.+.+.+.-.+.+.+......"
"""On every other carrier, of power 2; the two halves of its samples are equal."""

WORD_2 = "......----++---+-+++++-----+--+-.+-+++-+++-++++-+---+-+----....."


def _carriers(word: str, amplitude: float) -> Array:
    values = {".": 0.0, "+": amplitude, "-": -amplitude}
    return np.fft.ifftshift([values[sign] for sign in word])


FIRST, SECOND = _carriers(WORD_1, 2**0.5), _carriers(WORD_2, 1.0)


class Packets(NamedTuple):
    """Sent packets: the samples, where each begins, and its data, (packet, symbol, carrier)."""

    samples: Array
    starts: list[int]
    data: Array


def packets(count: int, seed: int) -> Packets:
    """Return packets of Gaussian symbols of power 1, with random silence between."""
    draw = np.random.default_rng(seed)
    data = draw.standard_normal((count, SYMBOLS, len(DATA), 2)) @ np.array([1, 1j]) / 2**0.5
    parts: list[Array] = []
    starts, at = [], 0
    for packet in data:
        grid = np.zeros((SYMBOLS + 2, LENGTH), complex)
        grid[0], grid[1] = FIRST, SECOND
        grid[2:, DATA] = packet
        grid[2:, PILOTS] = PILOT_VALUES
        times = np.fft.ifft(grid, norm="ortho")
        burst = np.concatenate([times[:, -PREFIX:], times], axis=1).reshape(-1)
        silence = int(draw.integers(500, 1500))
        starts.append(at + silence)
        parts += [np.zeros(silence), burst]
        at += silence + len(burst)
    return Packets(np.concatenate([*parts, np.zeros(3000)]).astype(np.complex64), starts, data)


def received(sent: Packets, samples: Array, triggers: Array) -> list[Array]:
    """Return the errors of the data symbols of each packet that was found."""
    expected = np.array(sent.starts) + LENGTH + PREFIX
    errors: dict[int, Array] = {}
    for trigger in np.flatnonzero(triggers):
        packet = int(np.argmin(np.abs(expected - trigger)))
        symbols = samples[trigger:][: (SYMBOLS + 2) * (LENGTH + PREFIX)]
        if packet in errors or abs(expected[packet] - trigger) > PREFIX + 4:
            continue
        grid = symbols.reshape(SYMBOLS + 2, -1)[:, PREFIX:]
        errors[packet] = demodulated(grid) - sent.data[packet]
    return list(errors.values())


def demodulated(grid: Array) -> Array:
    """Return the data of a packet, (symbol, carrier), from its samples without prefixes."""
    carriers = np.fft.fft(grid, norm="ortho")
    there = FIRST != 0
    shift = max(range(-2, 3), key=lambda k: np.abs(np.roll(carriers[0], -k)[there]).sum())
    carriers = np.roll(carriers, -shift, axis=1)
    channel = np.where(SECOND != 0, carriers[1] / np.where(SECOND != 0, SECOND, 1), 1)
    carriers = carriers[2:] / channel
    phase = (carriers[:, PILOTS] * PILOT_VALUES).mean(axis=1)
    found: Array = carriers[:, DATA] * np.exp(-1j * np.angle(phase))[:, None]
    return found
