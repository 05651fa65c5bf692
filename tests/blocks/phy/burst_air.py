"""A small radio channel for the tests of the burst waveform, in double precision.

Independent of the blocks: delays, clock and phase are applied to the continuous-time pulse train
itself, so nothing here is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from semradio.blocks.api import Array
from semradio.blocks.phy import Receiver, Waveform
from semradio.blocks.phy.burst_header import Header
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.pulse import root_raised_cosine
from semradio.blocks.phy.receiver import Burst
from semradio.blocks.phy.transmitter import burst_symbols, pack


@dataclass(frozen=True)
class Air:
    """What happens to bursts on the way; times in symbols, frequencies in cycles per symbol."""

    snr_db: float = 20.0
    """Es/N0 of the received symbols."""
    cfo: float = 0.02
    """The frequency offset is uniform within this on either side."""
    clock_ppm: float = 0.0
    """How much longer the sender's samples are than the receiver's."""
    linewidth: float = 0.0
    """Of the oscillators: the phase walks at random with a variance of 2 pi linewidth a symbol."""
    echo: tuple[float, float] | None = None
    """Delay and gain in dB of a second path, of random phase; both together have power 1."""
    gap: tuple[int, int] = (300, 3000)
    """Samples between two bursts, uniform within."""
    amplitude: float = 0.3
    """Root of the power of the symbols."""


@dataclass
class Sent:
    """A stream of bursts and what is in it."""

    samples: Array
    frames: Array
    """float32[burst, frame, values]."""
    delays: Array
    """Sample at which the first symbol of each burst stands."""
    cfos: Array


def unit_frames(rng: np.random.Generator, *shape: int) -> Array:
    """Frames of energy 1."""
    x = rng.standard_normal(shape)
    frames: Array = (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)
    return frames


def transmission(waveform: Waveform, air: Air, bursts: int, seed: int) -> Sent:
    """Return some bursts as they are received."""
    rng = np.random.default_rng(seed)
    frames = unit_frames(rng, bursts, waveform.frames, waveform.reals)
    parts, delays, cfos, at = [], [], [], 0
    for number in range(bursts):
        lead = int(rng.integers(*air.gap))
        header = Header(number, waveform.frames, number == bursts - 1)
        payload = pack(frames[number].view(waveform.item_type.numpy), waveform)
        symbols = burst_symbols(payload, header, waveform)
        delay, cfo = layout_of(waveform).reach + 2 + rng.random(), rng.uniform(-air.cfo, air.cfo)
        burst = passed(symbols, waveform, air, delay, cfo, rng)
        parts += [np.zeros(lead), burst]
        delays.append(at + lead + delay)
        cfos.append(cfo)
        at += lead + len(burst)
    parts.append(np.zeros(3000))
    samples = np.concatenate(parts) * air.amplitude
    deviation = air.amplitude * np.sqrt(10 ** (-air.snr_db / 10) / 2)
    noise = rng.standard_normal((len(samples), 2)) * deviation
    samples = samples + noise.view(np.complex128)[:, 0]
    return Sent(samples.astype(np.complex64), frames, np.array(delays), np.array(cfos))


def passed(
    symbols: Array,
    waveform: Waveform,
    air: Air,
    delay: float,
    cfo: float,
    rng: np.random.Generator,
) -> Array:
    """Return the samples of one burst of unit power, its first symbol at sample ``delay``."""
    step = waveform.samples_per_symbol
    longer = step * (1 + air.clock_ppm * 1e-6)
    paths = [(0.0, 1.0 + 0j)]
    if air.echo is not None:
        gain = 10 ** (air.echo[1] / 20)
        paths.append((air.echo[0], gain * np.exp(2j * np.pi * rng.random())))
    norm = np.sqrt(sum(abs(gain) ** 2 for _, gain in paths))
    count = int(len(symbols) * longer + 2 * delay) + 8 * step
    x = np.zeros(count, np.complex128)
    for late, gain in paths:
        x += gain / norm * pulses(symbols, waveform, delay + late * step, longer, count)
    time = (np.arange(count) - delay) / step
    phase = 2 * np.pi * (cfo * time + rng.random())
    if air.linewidth:
        walk = rng.standard_normal(count) * np.sqrt(2 * np.pi * air.linewidth / step)
        phase = phase + np.cumsum(walk)
    return x * np.exp(1j * phase)


def pulses(symbols: Array, waveform: Waveform, delay: float, longer: float, count: int) -> Array:
    """Return the pulse train ``sum_n s[n] p(t - delay - n longer)``, complex128[count]."""
    step, reach = waveform.samples_per_symbol, layout_of(waveform).reach
    places = delay + longer * np.arange(len(symbols))
    nearest = np.rint(places).astype(int)
    around = np.arange(-reach, reach + 1)
    times = (nearest - places)[:, None] + around
    taps = root_raised_cosine(times / step, waveform.rolloff) / np.sqrt(step)
    x = np.zeros(count, np.complex128)
    # The places of one tap are all different: symbols are more than a sample apart.
    for k, offset in enumerate(around.tolist()):
        x[nearest + offset] += taps[:, k] * symbols
    return x


@dataclass
class Outcome:
    """What became of a transmission."""

    sent: int = 0
    missed: int = 0
    """Bursts that were not found."""
    refused: int = 0
    """Bursts that were found, but whose header was not read."""
    wrong: int = 0
    """Headers that were read, and are not what was sent."""
    false: int = 0
    """Bursts that were never sent."""
    errors: list[float] = field(default_factory=list)
    """Mean square error of the symbols of each burst, relative to their power."""
    snrs: list[float] = field(default_factory=list)
    cfo_errors: list[float] = field(default_factory=list)
    delay_errors: list[float] = field(default_factory=list)
    clocks: list[float] = field(default_factory=list)
    doubtful: int = 0

    def add(self, bursts: list[Burst], sent: Sent, waveform: Waveform) -> None:
        """Take in what was received of a transmission."""
        left = set(range(len(sent.delays)))
        self.sent += len(left)
        for burst in bursts:
            k = int(np.argmin(np.abs(sent.delays - burst.delay)))
            near = abs(sent.delays[k] - burst.delay) < 2 * waveform.samples_per_symbol
            if not near or k not in left:
                self.false += 1
                continue
            left.remove(k)
            if not burst.header_ok:
                self.refused += 1
                continue
            self.wrong += burst.counter != k or len(burst.frames) != waveform.frames
            received = burst.frames.reshape(waveform.frames, -1).view(np.float32)
            error = np.mean((received - sent.frames[k]).astype(float) ** 2)
            self.errors.append(float(error) * waveform.reals)
            self.snrs.append(burst.snr_db)
            self.cfo_errors.append(burst.cfo - sent.cfos[k])
            self.delay_errors.append(burst.delay - sent.delays[k])
            self.clocks.append(burst.clock_ppm)
            self.doubtful += burst.doubtful
        self.missed += len(left)

    def loss_db(self, snr_db: float) -> tuple[float, float]:
        """Return how many dB more noise the frames have than a genie's, and its standard error."""
        errors = np.array(self.errors)
        mean = errors.mean()
        deviation = errors.std(ddof=1) / np.sqrt(len(errors)) / mean
        return float(10 * np.log10(mean) + snr_db), float(10 / np.log(10) * deviation)


def outcome(waveform: Waveform, air: Air, bursts: int, seed: int, at_once: int = 20) -> Outcome:
    """Send bursts through the air and receive them."""
    found = Outcome()
    for k in range(0, bursts, at_once):
        sent = transmission(waveform, air, min(at_once, bursts - k), seed + 1000 * k)
        receiver = Receiver(waveform)
        found.add(receiver.push(sent.samples) + receiver.flush(), sent, waveform)
    return found


def ideal_linear_loss_db(waveform: Waveform, air: Air, taps: int = 65) -> float:
    """Return the loss of an ideal unbiased linear equaliser of half-symbol taps for an echo.

    It knows the channel; the mean over the echo's phase of the noise power is taken.
    """
    assert air.echo is not None
    gain = 10 ** (air.echo[1] / 20)
    noise = 10 ** (-air.snr_db / 10)
    half = taps // 2
    places = np.arange(-half, half + 1) / 2
    powers = []
    for angle in np.arange(16) * np.pi / 8:
        norm = np.sqrt(1 + gain**2)
        paths = ((0.0, 1 / norm), (air.echo[0], gain * np.exp(1j * angle) / norm))
        symbols = np.arange(-half - 12, half + 13)
        response = sum(
            g * raised_cosine(places[:, None] - symbols - late, waveform.rolloff)
            for late, g in paths
        )
        colour = raised_cosine(places[:, None] - places, waveform.rolloff)
        covariance = response @ response.conj().T + noise * colour
        wanted = response[:, half + 12]
        weights = np.linalg.solve(covariance + 1e-9 * np.eye(taps), wanted)
        share = np.vdot(weights, wanted).real
        powers.append((1 - share) / share)
    return float(10 * np.log10(np.mean(powers)) + air.snr_db)


def raised_cosine(t: Array, rolloff: float) -> Array:
    """The raised-cosine pulse: the root-raised-cosine pulse with itself."""
    pole = 1 - (2 * rolloff * t) ** 2
    near = np.abs(pole) < 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.sinc(t) * np.cos(np.pi * rolloff * t) / pole
    return np.where(near, np.pi / 4 * np.sinc(1 / (2 * rolloff)), h)
