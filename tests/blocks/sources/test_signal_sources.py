"""signal_source and noise_source."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from semradio.blocks.api import ParameterError
from semradio.blocks.sources.noise_source import NoiseSource
from semradio.blocks.sources.signal_source import SignalSource


def test_sines() -> None:
    angle = 2 * np.pi * 0.0123 * np.arange(3000) + 0.4
    made = {"frequency": 0.0123, "phase": 0.4, "amplitude": 2.0, "offset": 0.5}
    y = SignalSource(waveform="sine", **made)(3000, chunk=700)
    np.testing.assert_allclose(y, 2 * np.exp(1j * angle) + 0.5, atol=2e-6)
    for waveform, function in (("sine", np.sin), ("cosine", np.cos)):
        real = SignalSource(waveform=waveform, type="float32", **made)(3000)
        np.testing.assert_allclose(real, 2 * function(angle) + 0.5, atol=2e-6)


def test_chirp_sweeps_and_begins_again() -> None:
    sweep, low, high = 1000, 50.0, 400.0
    source = SignalSource(
        waveform="chirp", frequency=low, stop_frequency=high, sweep=sweep, sample_rate=1e3
    )
    y = source(2500, chunk=300)
    time = np.arange(sweep) / 1e3
    # Phase is the sum of the frequencies so far, half a step behind the integral.
    half = (high - low) / sweep / 2 * time
    want = scipy.signal.chirp(time, low, 1.0, high, phi=0) + 1j * scipy.signal.chirp(
        time, low, 1.0, high, phi=-90
    )
    np.testing.assert_allclose(y[:sweep], want * np.exp(-2j * np.pi * half), atol=1e-5)
    np.testing.assert_array_equal(y[sweep : 2 * sweep], y[:sweep])
    np.testing.assert_array_equal(y[2 * sweep :], y[:500])


@pytest.mark.parametrize("type_", ["complex64", "float32"])
def test_noise_has_the_stated_distribution(type_: str) -> None:
    n = 100_000
    for name, law in (
        ("gaussian", scipy.stats.norm(0, 3 / np.sqrt(2) if type_ == "complex64" else 3)),
        ("uniform", scipy.stats.uniform(-3, 6)),
        ("laplacian", scipy.stats.laplace(0, 3)),
    ):
        y = NoiseSource(distribution=name, amplitude=3.0, seed=5, type=type_)(n)
        values = y.view(np.float32).astype(float)
        assert scipy.stats.kstest(values, law.cdf).pvalue > 1e-3
        assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.01


def test_noise_depends_on_seed_and_name() -> None:
    one = NoiseSource(seed=1)(100)
    assert (one == NoiseSource(seed=1)(100)).all()
    assert (one != NoiseSource(seed=2)(100)).all()
    assert (one != NoiseSource(seed=1, name="other")(100)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"frequency": 0.6}, "'frequency' must be from -0.5 to 0.5 Hz"),
        ({"waveform": "chirp", "sweep": 10}, "'chirp' needs parameter 'stop_frequency'"),
        ({"waveform": "chirp", "stop_frequency": 0.1}, "'chirp' needs parameter 'sweep'"),
        ({"sweep": 10}, "'sweep' is of no use without 'waveform: chirp'"),
        ({"waveform": "sinus"}, "'waveform' must be"),
        ({"sample_rate": 0}, "'sample_rate' must be above 0"),
    ],
)
def test_errors(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SignalSource(**parameters)
