"""MS-SSIM against scikit-image's SSIM maps, scale by scale."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import ItemTypeError, find

MsSsim = find("ms_ssim")
rng = np.random.default_rng(5)
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def smooth(*shape: int) -> np.ndarray:
    x = np.cumsum(rng.standard_normal(shape), axis=1)
    return (x - x.min()) / (x.max() - x.min())


def reference(x: np.ndarray, y: np.ndarray) -> float:
    """From the windows' moments, each a plain sum over 11 x 11 pixels."""
    offsets = np.arange(11) - 5
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean(z: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(z, (11, 11))
        return np.einsum("ijkl,kl->ij", views, window)

    found = 1.0
    for k, weight in enumerate(WEIGHTS):
        a, b = mean(x), mean(y)
        var_a, var_b = mean(x * x) - a**2, mean(y * y) - b**2
        term = (2 * (mean(x * y) - a * b) + 0.03**2) / (var_a + var_b + 0.03**2)
        if k == 4:
            term *= (2 * a * b + 0.01**2) / (a**2 + b**2 + 0.01**2)
        found *= max(term.mean(), 0) ** weight
        rows, columns = (n // 2 * 2 for n in x.shape)
        x, y = (
            (z[0:rows:2, 0:columns:2] + z[1:rows:2, 0:columns:2]
             + z[0:rows:2, 1:columns:2] + z[1:rows:2, 1:columns:2]) / 4
            for z in (x, y)
        )  # fmt: skip
    return found


def test_it_is_the_product_over_the_scales() -> None:
    sent = smooth(2, 181, 200)
    got = np.clip(sent + 0.05 * rng.standard_normal(sent.shape), 0, 1)
    expected = np.mean([reference(x, y) for x, y in zip(sent, got, strict=True)])
    block = MsSsim()
    found = block(sent.astype(np.float32), got.astype(np.float32))
    assert found["ms_ssim"] == pytest.approx(expected, abs=1e-6)
    assert found["ms_ssim_db"] == pytest.approx(-10 * np.log10(1 - expected), abs=1e-3)


def test_colour_is_the_mean_over_channels() -> None:
    sent = (255 * smooth(3, 176, 176)).astype(np.uint8)
    got = sent ^ rng.integers(0, 64, sent.shape, np.uint8)
    each = [MsSsim()(x[None], y[None])["ms_ssim"] for x, y in zip(sent, got, strict=True)]
    colour = MsSsim()(np.moveaxis(sent, 0, 2)[None], np.moveaxis(got, 0, 2)[None])
    assert colour["ms_ssim"] == pytest.approx(np.mean(each), abs=1e-12)


def test_identical_and_opposite_images() -> None:
    sent = (255 * smooth(1, 176, 180)).astype(np.uint8)
    assert MsSsim()(sent, sent)["ms_ssim"] == pytest.approx(1)
    assert MsSsim()(sent, 255 - sent)["ms_ssim"] == 0


def test_small_images_are_refused() -> None:
    image = np.zeros((1, 175, 300), np.uint8)
    with pytest.raises(ItemTypeError, match="at least 176 x 176 pixels"):
        MsSsim()(image, image)


def test_large_pictures_in_single_precision() -> None:
    """Sides that take several products, where a flat white part rounds the worst."""
    sent = np.round(smooth(1, 300, 401) * 4) / 4
    sent[:, :90] = 1.0
    got = np.clip(sent + 0.02 * rng.standard_normal(sent.shape), 0, 1)
    sent, got = sent.astype(np.float32), got.astype(np.float32)
    expected = reference(sent[0].astype(np.float64), got[0].astype(np.float64))
    assert MsSsim()(sent, got)["ms_ssim"] == pytest.approx(expected, abs=1e-5)
    assert MsSsim()(sent, sent)["ms_ssim"] == 1.0
