"""MSE, PSNR and SSIM against plain loops over pixels and windows, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semradio.blocks.api import BlockError, ItemType, ItemTypeError, Tag
from semradio.blocks.metrics.image_quality import ImageQuality
from semradio.blocks.metrics.structural_similarity import StructuralSimilarity


def ssim_by_definition(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. (2004), eqs. (13)-(16), window by window: x, y float64[rows, columns], L = 1."""
    offset = np.arange(-5, 6)
    weight = np.exp(-(offset[:, None] ** 2 + offset[None] ** 2) / (2 * 1.5**2))
    weight /= weight.sum()
    values = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
            mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
            var_a = (weight * (a - mean_a) ** 2).sum()
            var_b = (weight * (b - mean_b) ** 2).sum()
            cov = (weight * (a - mean_a) * (b - mean_b)).sum()
            values.append(
                (2 * mean_a * mean_b + 0.01**2)
                * (2 * cov + 0.03**2)
                / ((mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2))
            )
    return float(np.mean(values))


def whole_ssim_by_definition(x: np.ndarray, y: np.ndarray) -> float:
    """The same with one window for the whole image and equal weights: float64[...], L = 1."""
    mean_x, mean_y = x.mean(), y.mean()
    var_x, var_y = ((x - mean_x) ** 2).mean(), ((y - mean_y) ** 2).mean()
    cov = ((x - mean_x) * (y - mean_y)).mean()
    return float(
        (2 * mean_x * mean_y + 0.01**2)
        * (2 * cov + 0.03**2)
        / ((mean_x**2 + mean_y**2 + 0.01**2) * (var_x + var_y + 0.03**2))
    )


def pictures(count: int, *shape: int, dtype: str = "uint8") -> tuple[np.ndarray, np.ndarray]:
    """Smooth random pictures and noisy copies."""
    random = np.random.default_rng(11)
    phase = random.uniform(0, 3, (count, *shape))
    x = 0.5 + 0.4 * np.sin(np.cumsum(phase, axis=1) * 0.3)
    y = np.clip(x + 0.1 * random.standard_normal(x.shape), 0, 1)
    if dtype == "uint8":
        return np.rint(255 * x).astype(np.uint8), np.rint(255 * y).astype(np.uint8)
    return x.astype(np.float32), y.astype(np.float32)


SCIKIT_IMAGE = {
    ("waves", 28, 28): (0.760493931225462, 0.008764721574904471),
    ("waves", 40, 17): (0.7432240426931227, 0.008889386435081529),
    ("strokes", 28, 28): (0.9406998723182491, 0.0059609726243438545),
    ("strokes", 40, 17): (0.5171472213584732, 0.005696836058529525),
    ("texture", 28, 28): (0.9541611717871947, 0.008250967053488061),
    ("texture", 40, 17): (0.9515255854701025, 0.008330167130289255),
}
"""SSIM and MSE by scikit-image 0.26.0: structural_similarity(x, y, gaussian_weights=True,
sigma=1.5, use_sample_covariance=False, data_range=255), and mean_squared_error(x, y) / 255**2."""


@pytest.mark.parametrize(("kind", "rows", "columns"), SCIKIT_IMAGE)
def test_against_scikit_image(kind, rows, columns):
    i, j = np.mgrid[:rows, :columns]
    drawn = {
        "waves": 20 + 2 * abs((i * 11 + j * 3) % 200 - 100),
        "strokes": np.where((abs(i - j) < 3) | (abs(i + j - columns) < 2), 230, 12),
        "texture": (i * i * 7 + j * 13 + i * j * 5) % 251,
    }[kind]
    noise = (i * 37 + j * 61 + i * j * 11) % 83 - 41
    x, y = drawn.astype(np.uint8), np.clip(drawn + noise, 0, 255).astype(np.uint8)
    ssim, mse = SCIKIT_IMAGE[kind, rows, columns]
    found = ImageQuality()(x[None], y[None])
    assert found["ssim_gauss11"] == pytest.approx(ssim, abs=2e-6)
    assert found["mse"] == pytest.approx(mse, rel=1e-12)
    scaled = ImageQuality()((x / 255).astype(np.float32)[None], y[None])
    assert scaled["ssim_gauss11"] == pytest.approx(ssim, abs=2e-6)


@pytest.mark.parametrize(
    ("shape", "count"), [((28, 28), 45), ((11, 11), 3), ((16, 30), 4), ((130, 140), 2)]
)
def test_against_the_definitions(shape, count):
    x, y = pictures(count, *shape)
    found = ImageQuality()(x, y)
    a, b = x / 255, y / 255
    mse = ((a - b) ** 2).mean()
    assert found["images"] == count
    assert found["mse"] == pytest.approx(mse, rel=1e-12)
    assert found["psnr_db"] == pytest.approx(10 * math.log10(1 / mse), rel=1e-12)
    expected = np.mean([ssim_by_definition(p, q) for p, q in zip(a, b, strict=True)])
    assert found["ssim_gauss11"] == pytest.approx(expected, abs=2e-5)
    expected = np.mean([whole_ssim_by_definition(p, q) for p, q in zip(a, b, strict=True)])
    assert found["ssim_global"] == pytest.approx(expected, rel=1e-12)


def test_flat_bright_pictures_keep_their_precision():
    # Variances near zero at the largest mean: the worst case of E[x^2] - E[x]^2 in float32.
    x = np.full((2, 20, 20), 255, np.uint8)
    y = x.copy()
    y[:, 10, 10] = 250
    found = ImageQuality()(x, y)
    expected = ssim_by_definition(x[0] / 255, y[0] / 255)
    assert found["ssim_gauss11"] == pytest.approx(expected, abs=1e-3)
    expected = whole_ssim_by_definition(x[0] / 255, y[0] / 255)
    assert found["ssim_global"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shape", [(28, 28), (7,), (5, 6, 3), ()])
def test_one_window_for_the_whole_image_on_the_scale_of_one(shape):
    x, y = (z.astype(np.float32) for z in np.random.default_rng(3).random((2, 33, *shape)))
    found = ImageQuality(ssim=False)(x, y)
    channels = [np.s_[..., c] for c in range(3)] if len(shape) == 3 else [np.s_[...]]
    expected = np.mean(
        [
            whole_ssim_by_definition(p[c], q[c])
            for c in channels
            for p, q in zip(x.astype(float), y.astype(float), strict=True)
        ]
    )
    assert found["ssim_global"] == pytest.approx(expected, abs=1e-9)
    assert found["ssim_gauss11"] is None


def test_colour_is_the_mean_over_channels():
    x, y = pictures(3, 14, 15, 3)
    found = ImageQuality()(x, y)
    per_channel = [ImageQuality()(x[..., c], y[..., c]) for c in range(3)]
    for key, rel in (("ssim_gauss11", 1e-6), ("ssim_global", 1e-12), ("mse", 1e-12)):
        assert found[key] == pytest.approx(np.mean([r[key] for r in per_channel]), rel=rel)


@pytest.mark.parametrize("dtypes", [("uint8", "float32"), ("float32", "uint8"), ("float32",) * 2])
def test_bytes_and_floats_measure_the_same(dtypes):
    pair = pictures(20, 28, 28)
    as_asked = [
        x if dtype == "uint8" else (x / 255).astype(np.float32)
        for x, dtype in zip(pair, dtypes, strict=True)
    ]
    found, expected = ImageQuality()(*as_asked), ImageQuality()(*pair)
    assert found == {k: pytest.approx(v, rel=1e-5) for k, v in expected.items()}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_every_cut_gives_the_same_to_the_last_bit(dtype):
    x, y = pictures(150, 28, 28, dtype=dtype)
    whole = ImageQuality()(x, y)
    for chunk in (1, 7, 19, 20, 21, 64, 149):
        assert ImageQuality()(x, y, chunk=chunk) == whole


@pytest.mark.parametrize("every", [2, 7, 100, 1000])
@pytest.mark.parametrize("shape", [(28, 28), (12, 13, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_every_so_many_images_the_windowed_figure_and_all_others_of_all(every, shape, dtype):
    x, y = pictures(205, *shape, dtype=dtype)
    whole = ImageQuality()(x, y)
    tags = [Tag(0, "arn", True), Tag(100, "arn", False)]
    for chunk in (1, 33, 205):
        found = ImageQuality(every=every)(x, y, chunk=chunk)
        alone = ImageQuality()(x[::every], y[::every])
        assert found["ssim_images"] == len(x[::every])
        assert found["ssim_gauss11"] == pytest.approx(alone["ssim_gauss11"], rel=1e-12)
        for key in ("images", "mse", "psnr_db", "ssim_global"):
            assert found[key] == pytest.approx(whole[key], rel=1e-12)
        # Each segment counts from its own first image.
        second = ImageQuality(every=every)(x, y, chunk=chunk, tags=tags)["segments"][1]
        assert second["ssim_images"] == len(x[100::every])
        assert second["ssim_gauss11"] == ImageQuality(every=every)(x[100:], y[100:])["ssim_gauss11"]


def test_identical_pictures_have_no_finite_psnr():
    x, _ = pictures(5, 28, 28)
    found = ImageQuality()(x, x)
    assert (found["mse"], found["psnr_db"]) == (0.0, None)
    assert found["ssim_global"] == 1
    assert found["ssim_gauss11"] == pytest.approx(1, abs=1e-6)


def test_no_picture_no_figures():
    empty = np.empty((0, 28, 28), np.uint8)
    figures = ("mse", "psnr_db", "ssim_global", "ssim_gauss11")
    assert ImageQuality()(empty, empty) == {"images": 0, **dict.fromkeys(figures)}


def test_ssim_needs_eleven_pixels():
    x = np.zeros((2, 10, 28), np.uint8)
    with pytest.raises(ItemTypeError, match=r"at least 11 x 11 pixels, not uint8\[10,28\]"):
        ImageQuality()(x, x)
    vector = np.zeros((2, 784), np.float32)
    with pytest.raises(ItemTypeError, match=r"not float32\[784\]; 'ssim: false'"):
        ImageQuality()(vector, vector)
    found = ImageQuality(ssim=False)(vector, vector + np.float32(0.5))
    assert (found["mse"], found["ssim_gauss11"]) == (0.25, None)


def test_shapes_must_agree():
    with pytest.raises(ItemTypeError, match=r"'reference' is uint8\[28,28\], 'received' is"):
        ImageQuality().resolve(
            {"reference": ItemType("uint8", (28, 28)), "received": ItemType("uint8", (28, 27))}
        )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_names_the_input_and_the_item(value):
    x, y = pictures(40, 28, 28, dtype="float32")
    y[33, 2, 2] = value
    with pytest.raises(BlockError, match=r"input 'received' carries NaN .* first at item 33$"):
        ImageQuality()(x, y, chunk=10)


def test_read_only_pictures_stay_as_they_are():
    x, y = pictures(30, 28, 28, dtype="float32")
    before = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    ImageQuality()(x, y, chunk=9)
    np.testing.assert_array_equal((x, y), before)


def test_ssim_is_symmetric_and_bounded():
    x, y = (p.astype(np.float32) for p in pictures(8, 20, 20))
    ssim = StructuralSimilarity((20, 20), 255)
    np.testing.assert_allclose(ssim(x, y), ssim(y, x), rtol=1e-5)
    assert (np.abs(ssim(x, 255 - x)) <= 1).all()
