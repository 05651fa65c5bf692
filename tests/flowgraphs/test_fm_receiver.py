"""The receiver of broadcast FM and the spectrum monitor, on recordings made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from semradio.blocks.api import Array
from semradio.flowgraphs import Flowgraph

RATE = 1_024_000
SECONDS = 1.0
TAU = 50e-6
STATION, NEIGHBOUR = 200e3, -100e3


def programme(time: Array, seed: int) -> Array:
    """Music of a kind: tones from 100 Hz to 8 kHz that come and go, at most 1."""
    draw = np.random.default_rng(seed)
    sound = np.zeros(len(time))
    for _ in range(12):
        tone, swell, phase = draw.uniform(100, 8e3), draw.uniform(1, 5), draw.uniform(0, 6, 2)
        sound += np.sin(2 * np.pi * tone * time + phase[0]) * np.sin(swell * time + phase[1]) ** 2
    return sound / np.abs(sound).max()


def transmitted(sound: Array) -> Array:
    """FM with pre-emphasis, at 75 kHz deviation, with the pilot of stereo beside it."""
    # (1 + s tau) / (1 + s / w), w far above the sound.
    step = 2 * RATE
    zero, pole = TAU * step, step / (2 * np.pi * 300e3)
    bent = lfilter([1 + zero, 1 - zero], [1 + pole, 1 - pole], sound)
    pilot = np.sin(2 * np.pi * 19e3 * np.arange(len(sound)) / RATE)
    message = 0.9 * bent / np.abs(bent).max() + 0.1 * pilot
    return np.exp(2j * np.pi * 75e3 / RATE * np.cumsum(message))


@pytest.fixture(scope="module")
def air(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Array]:
    """A recording of two stations in noise, and what the first one sent, at 48 kHz."""
    time = np.arange(int(RATE * SECONDS)) / RATE
    sound = programme(time, 1)
    x = transmitted(sound) * np.exp(2j * np.pi * STATION * time)
    x += transmitted(programme(time, 2)) * np.exp(2j * np.pi * NEIGHBOUR * time)
    draw = np.random.default_rng(3).standard_normal((len(x), 2))
    x += np.sqrt(0.05) * (draw @ [1, 1j])
    file = tmp_path_factory.mktemp("fm") / "air.cf32"
    (0.3 * x).astype(np.complex64).tofile(file)
    return file, np.interp(np.arange(int(48e3 * SECONDS)) / 48e3, time, sound)


def correlation(heard: Array, sent: Array) -> float:
    """The largest correlation over delays of up to 3 ms, the first 20 ms left out."""
    best = 0.0
    for lag in range(150):
        a, b = heard[lag + 1000 :], sent[1000:]
        n = min(len(a), len(b))
        best = max(best, float(np.corrcoef(a[:n], b[:n])[0, 1]))
    return best


def test_the_receiver_gives_the_sound_of_the_station(air: tuple[Path, Array]) -> None:
    file, sent = air
    audio = file.with_name("audio.f32")
    heard = []
    for chunk in (8192, 1000):
        graph = Flowgraph.load("fm_receiver", recording=str(file), audio=str(audio), tau=TAU)
        result = graph.run(chunk=chunk)
        assert result["audio"]["items"] == len(sent)
        heard.append(np.fromfile(audio, np.float32))
    np.testing.assert_array_equal(*heard)
    assert correlation(heard[0], sent) > 0.99
    # Nothing is left of the pilot tone of stereo.
    spectrum = np.abs(np.fft.rfft(heard[0][2000:] * np.hanning(len(heard[0]) - 2000)))
    place = round(19e3 / 24e3 * (len(spectrum) - 1))
    assert spectrum[place - 50 : place + 50].max() < 1e-3 * spectrum.max()


def test_the_other_station_is_another_sound(air: tuple[Path, Array]) -> None:
    file, sent = air
    audio = file.with_name("other.f32")
    names = {"recording": str(file), "audio": str(audio)}
    Flowgraph.load("fm_receiver", station=NEIGHBOUR, **names).run()
    assert abs(correlation(np.fromfile(audio, np.float32), sent)) < 0.3


def test_the_station_and_the_monitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'semradio[figures]'")
    monkeypatch.chdir(tmp_path)
    Flowgraph.load("fm_station", seconds=0.25).run()
    result = Flowgraph.load("spectrum_monitor", center=100e6).run()
    assert result["spectrum"]["peak_hz"] == pytest.approx(99.75e6, abs=500)
    assert result["power"]["items"] == 256_000
    # 0.09 of the station, a quarter of that of the neighbour, and a hundredth of noise.
    assert result["power"]["power_db"] == pytest.approx(10 * np.log10(0.09 * 1.26), abs=0.1)
    for name in ("spectrum.png", "waterfall.png"):
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG"
