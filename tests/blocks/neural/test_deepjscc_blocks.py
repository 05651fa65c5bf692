"""Both ends of the colour link: power, the nested code, sizes, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest

from semradio.blocks.api import Array, BlockError, ItemTypeError, ModelError, ParameterError
from semradio.blocks.channels.awgn_channel import AwgnChannel
from semradio.blocks.neural.deepjscc_decoder import DeepJsccDecoder
from semradio.blocks.neural.deepjscc_encoder import DeepJsccEncoder
from semradio.blocks.neural.model_file import find_model

RATES = (24, 12, 6, 3)


def pictures(rows: int = 40, columns: int = 48, count: int = 2) -> Array:
    """Return smooth pictures with an edge, uint8[count, rows, columns, 3]."""
    y, x = np.mgrid[:rows, :columns]
    drawn = []
    for k in range(count):
        wave = 110 + 60 * np.sin((x + k * y) / 9.0)
        drawn.append(np.stack([wave, 50 + 2 * x, 200 - 2 * y], axis=-1))
        drawn[-1][rows // 3 : rows // 2, columns // 4 : columns // 2] = (220, 40 + 90 * k, 30)
    return np.stack(drawn).clip(0, 255).astype(np.uint8)


def encoder(**values: Any) -> DeepJsccEncoder:
    return DeepJsccEncoder(**{"model": "deepjscc/cifar/encoder", **values})


def decoder(**values: Any) -> DeepJsccDecoder:
    return DeepJsccDecoder(**{"model": "deepjscc/cifar/decoder", **values})


def psnr_db(sent: Array, received: Array) -> float:
    return float(10 * np.log10(255**2 / np.mean((sent.astype(float) - received) ** 2)))


@pytest.mark.parametrize("rate", RATES)
def test_each_picture_has_unit_power_at_each_rate(rate: int) -> None:
    x = encoder(values_per_use=rate)(pictures())
    assert x.shape == (2, 192 // rate, 5, 6)
    np.testing.assert_allclose(np.mean(np.abs(x) ** 2, axis=(1, 2, 3)), 1.0, rtol=1e-5)


def test_a_lower_rate_is_the_first_part_of_a_higher_one() -> None:
    highest = encoder(values_per_use=3)(pictures())
    for rate in RATES[:-1]:
        lower = encoder(values_per_use=rate)(pictures())
        part = highest[:, : lower.shape[1]]
        for one, other in zip(lower, part, strict=True):
            factor = np.vdot(other, one).real / np.vdot(other, other).real
            np.testing.assert_allclose(one, factor * other, atol=1e-5)


def test_the_symbols_are_the_features_of_the_model() -> None:
    session = onnxruntime.InferenceSession(
        find_model("deepjscc/cifar/encoder"), providers=["CPUExecutionProvider"]
    )
    sent = pictures(count=1)
    (features,) = session.run(["x"], {"image": sent, "snr_db": np.full((1, 1), 3.0, "f4")})
    used = features[0, :32].astype(np.float64)
    expected = (used[0::2] + 1j * used[1::2]) / np.sqrt(2 * np.mean(used**2))
    np.testing.assert_allclose(encoder(snr_db=3.0)(sent)[0], expected, atol=1e-5)


def test_quality_rises_with_the_snr_and_with_the_rate() -> None:
    sent, found = pictures(64, 64), {}
    for rate in RATES:
        for snr_db in (0.0, 10.0, 20.0):
            x = encoder(values_per_use=rate, snr_db=snr_db)(sent)
            air = AwgnChannel(snr_db=snr_db, signal_power=float(x[0].size), seed=3)
            received = decoder(values_per_use=rate, snr_db=snr_db)(air(x))
            found[rate, snr_db] = psnr_db(sent, received)
    assert all(found[rate, 0] < found[rate, 10] < found[rate, 20] for rate in RATES)
    assert found[24, 10] < found[12, 10] < found[6, 10]
    assert found[6, 10.0] > 24.0


def test_less_is_decoded_than_was_sent() -> None:
    sent = pictures(64, 64)
    x = encoder(values_per_use=6, snr_db=20)(sent)
    whole, part = (decoder(values_per_use=rate, snr_db=20)(x) for rate in (6, 12))
    assert 20.0 < psnr_db(sent, part) < psnr_db(sent, whole)


@pytest.mark.parametrize("size", [(37, 41), (8, 8), (1, 3), (65, 8)])
def test_sides_that_are_no_multiples_are_filled_up_and_cut_off(size: tuple[int, int]) -> None:
    sent = pictures(72, 48)[:, : size[0], : size[1]]
    x = encoder()(sent)
    assert x.shape[2:] == tuple(-(-side // 8) for side in size)
    received = decoder(shape=list(size))(x)
    assert received.shape == sent.shape
    lacking = [(0, 0), *((0, -side % 8) for side in size), (0, 0)]
    whole = decoder()(encoder()(np.pad(sent, lacking, mode="edge")))
    np.testing.assert_array_equal(received, whole[:, : size[0], : size[1]])


def test_large_pictures_go_one_by_one_and_give_the_same() -> None:
    sent = pictures(264, 256)
    together = encoder()(sent)
    alone = np.concatenate([encoder()(sent[k : k + 1]) for k in range(2)])
    np.testing.assert_array_equal(together, alone)


def test_grey_alone_is_sent_as_something_finite() -> None:
    for level in (0, 128, 255):
        x = encoder()(np.full((1, 16, 16, 3), level, np.uint8))
        assert np.isfinite(x).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: encoder(values_per_use=7), "is none of 24, 12, 6, 3"),
        (lambda: encoder(values_per_use=2), "is none of 24, 12, 6, 3"),
        (lambda: decoder(shape=[8]), r"'shape' is \[rows, columns\]"),
    ],
)
def test_a_rate_or_shape_that_is_none(make: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


def test_models_of_other_blocks_are_refused() -> None:
    with pytest.raises(ModelError, match="made for the block 'deepjscc_decoder'"):
        encoder(model="deepjscc/cifar/decoder")
    with pytest.raises(ModelError, match="made for the block 'semantic_decoder'"):
        decoder(model="arn/decoder")


def test_what_does_not_fit_together_is_refused() -> None:
    x = np.ones((1, 8, 2, 2), np.complex64)
    with pytest.raises(ItemTypeError, match="carries 8 symbols of each place"):
        decoder(values_per_use=12)(x)
    with pytest.raises(ParameterError, match="16 rows and 16 columns"):
        decoder(values_per_use=24, shape=[17, 16])(x)
    x[0, 0, 0, 0] = np.nan
    with pytest.raises(BlockError, match="NaN"):
        decoder(values_per_use=24)(x)


def test_a_card_tells_its_convention() -> None:
    card = encoder().card
    assert card is not None
    assert "Es/N0 of a complex symbol" in card.power_normalisation
    assert Path(find_model("deepjscc/cifar/encoder")).stat().st_size < 3_000_000
