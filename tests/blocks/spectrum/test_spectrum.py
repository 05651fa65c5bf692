"""fft, power_spectrum and correlate against SciPy and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from semradio.blocks.api import Array, ItemType, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.spectrum.correlate import Correlate
from semradio.blocks.spectrum.fft import Fft
from semradio.blocks.spectrum.power_spectrum import PowerSpectrum


def signal(n: int, *, real: bool = False) -> Array:
    draw = np.random.default_rng(n).standard_normal((n, 2))
    return draw[:, 0].astype(np.float32) if real else (draw @ [1, 1j]).astype(np.complex64)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("shift", [False, True])
def test_fft(real: bool, shift: bool) -> None:
    x = signal(640, real=real).reshape(10, 64)
    window = scipy.signal.get_window("hann", 64, fftbins=False)
    want = np.fft.fft(x * window)
    y = Fft(window="hann", shift=shift)(x)
    np.testing.assert_allclose(y, np.fft.fftshift(want, axes=1) if shift else want, atol=1e-4)
    back = Fft(forward=False, shift=shift)(y)
    np.testing.assert_allclose(back, 64 * x * window, atol=1e-3)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("scaling", ["density", "power"])
@pytest.mark.parametrize(("size", "overlap"), [(256, None), (255, 100), (64, 0)])
def test_one_spectrum_over_all_is_scipys_welch(
    real: bool, scaling: str, size: int, overlap: int | None
) -> None:
    hop = size - (size // 2 if overlap is None else overlap)
    average = 12
    x = signal(size + (average - 1) * hop, real=real)
    how = {"size": size, "overlap": overlap, "scaling": scaling}
    y = PowerSpectrum(average=average, sample_rate=1e3, window="blackman", **how)(x, chunk=100)
    _, want = scipy.signal.welch(
        x.astype(float if real else complex),
        fs=1e3,
        window="blackman",
        nperseg=size,
        noverlap=size - hop,
        detrend=False,
        return_onesided=real,
        scaling="spectrum" if scaling == "power" else "density",
    )
    want = want if real else np.fft.fftshift(want)
    assert y.shape == (1, len(want))
    np.testing.assert_allclose(y[0], want, rtol=2e-4, atol=1e-9)
    in_db = PowerSpectrum(
        average=average, sample_rate=1e3, window="blackman", decibels=True, **how
    )(x)
    np.testing.assert_allclose(in_db, 10 * np.log10(y), atol=1e-4)


def test_spectra_follow_each_other_and_tags_with_them() -> None:
    x = signal(1000)
    block = PowerSpectrum(size=100, overlap=0, average=3)
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        harness.push(x, tags=[Tag(i, "a", i) for i in (0, 99, 299, 300, 899)])
        harness.end()
        (y,), (tags,) = harness.outputs(), harness.tags()
    assert len(y) == 3
    assert [(t.index, t.value) for t in tags] == [(0, 0), (0, 99), (0, 299), (1, 300), (2, 899)]
    assert block.notes == ["100 samples at the end fill no spectrum and were left out"]
    for k in range(3):
        alone = PowerSpectrum(size=100, overlap=0, average=3)(x[300 * k : 300 * k + 300])
        np.testing.assert_array_equal(y[k], alone[0])


def test_a_tone_has_its_power_and_noise_its_density() -> None:
    n = np.arange(40_000)
    tone = (0.5 * np.exp(2j * np.pi * 0.125 * n)).astype(np.complex64)
    y = PowerSpectrum(size=256, average=300, scaling="power")(tone)
    assert int(y[0].argmax()) == 128 + 32
    assert y[0].max() == pytest.approx(0.25, rel=1e-4)
    white = PowerSpectrum(size=256, average=300, sample_rate=1e6)(signal(40_000))
    assert white.sum() * 1e6 / 256 == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("size", [1, 13, 500])
def test_correlation_equals_numpys(size: int) -> None:
    x, s = signal(3000), signal(size + 7)[:size]
    y = Correlate(sequence=[str(v) for v in s])(x, chunk=900)
    want = np.correlate(np.append(np.zeros(size - 1, np.complex64), x), s)
    np.testing.assert_allclose(y, want, atol=1e-5 * size**0.5 * np.abs(want).max())


def test_normalised_correlation_finds_a_weak_copy() -> None:
    s = signal(64)
    x = signal(5000) * np.float32(0.5)
    x[1000:1064] = 30 * s
    x[3000:3064] = 1e-3 * s
    x[4000:4500] = 0
    y = np.abs(Correlate(sequence=[str(v) for v in s], normalise=True)(x, chunk=801))
    assert y.max() <= 1 + 1e-5
    assert y[1063] == pytest.approx(1, abs=1e-5)
    assert y[3063] == pytest.approx(1, abs=1e-3)
    assert np.count_nonzero(y > 0.9) == 2
    assert (y[4063:4500] == 0).all()
    energy = np.convolve(np.abs(x).astype(float) ** 2, np.ones(64))[:5000]
    norm = np.sqrt(energy * np.sum(np.abs(s) ** 2))
    plain = np.abs(Correlate(sequence=[str(v) for v in s])(x))
    heard = norm > 1e-3
    np.testing.assert_allclose(y[heard], (plain / np.maximum(norm, 1e-9))[heard], atol=1e-4)


def test_errors() -> None:
    with pytest.raises(ParameterError, match=r"'overlap' must be from 0 to 7 items.*not 8"):
        PowerSpectrum(size=8, overlap=8)
    with pytest.raises(ParameterError, match="'sequence' must hold at least one number"):
        Correlate(sequence=[])
    with pytest.raises(ParameterError, match="'sequence' must not be all zeros"):
        Correlate(sequence=[0.0, 0.0])
