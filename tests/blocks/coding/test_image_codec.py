"""Pictures through codecs: as good as fits, and what becomes of lost ones."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import ItemTypeError, find
from semradio.blocks.coding.picture_codec import CODECS, codec_named

Encoder, Decoder = find("image_codec_encoder"), find("image_codec_decoder")
X, Y = np.meshgrid(np.arange(96), np.arange(64))
NOISE = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
PICTURE = np.stack([1.5 * X + Y / 2, 120 + 60 * np.sin(X / 9), 3 * Y], axis=-1)
PICTURE = (PICTURE + NOISE % 16).astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def usable(name: str) -> str:
    if name == "hevc":
        pytest.importorskip("pillow_heif")
    return name


@pytest.mark.parametrize("name", CODECS)
def test_a_picture_comes_back_better_with_more_room(name: str) -> None:
    codec = codec_named(usable(name))
    found = []
    for room in (600, 2600):
        packets = Encoder(codec=name, bytes=room)(PICTURE[None])
        assert packets.shape == (1, room)
        decoder = Decoder(codec=name, shape=list(PICTURE.shape))
        found.append(psnr(decoder(packets)[0], PICTURE))
        assert decoder.results() == {"pictures": 1, "lost": 0}
    assert found[0] > 24
    assert found[1] > found[0]
    assert len(codec.qualities) > 90


def test_the_largest_quality_that_fits_is_taken() -> None:
    def size(quality: int) -> int:
        buffer = io.BytesIO()
        Image.fromarray(NOISE).save(buffer, "JPEG", quality=quality, optimize=True)
        return len(buffer.getvalue())

    room = size(40)
    for spare, quality in ((3, 40), (2, 39)):
        encoder = Encoder(bytes=room + spare)
        encoder(NOISE[None])
        assert encoder.results()["quality"] == quality


def test_a_picture_that_does_not_fit_is_made_smaller_and_then_left_out() -> None:
    encoder = Encoder(bytes=350)
    packets = encoder(NOISE[None])
    assert encoder.results()["shrunk"] == 1
    assert Decoder(shape=list(NOISE.shape))(packets).shape == (1, *NOISE.shape)
    encoder = Encoder(bytes=50)
    assert not encoder(NOISE[None])[0, :3].any()
    assert encoder.results() == {
        "pictures": 1, "shrunk": 0, "empty": 1, "bytes": None, "quality": None,
    }  # fmt: skip


@pytest.mark.parametrize(("lost", "value"), [("grey", 128), ("zeros", 0), ("last", None)])
def test_what_stands_in_for_a_lost_picture(lost: str, value: int | None) -> None:
    grey = NOISE[..., 0]
    packets = Encoder(bytes=9000)(np.stack([grey, PICTURE[..., 0], grey]))
    decoder = Decoder(shape=list(grey.shape), lost=lost)
    got = decoder(packets, np.uint8([0, 1, 0]))
    assert (got[0] == (128 if value is None else value)).all()
    expected = got[1] if value is None else value
    assert (got[2] == expected).all()
    assert decoder.results() == {"pictures": 3, "lost": 2}


@pytest.mark.parametrize("name", CODECS)
def test_damaged_bytes_are_a_lost_picture(name: str) -> None:
    packets = np.repeat(Encoder(codec=usable(name), bytes=6000)(PICTURE[None]), 4, axis=0)
    packets[0, 3:] = 0
    packets[1, :2] = 255
    packets[2, :3] = 0
    packets[3, 3:40] = NOISE.reshape(-1)[:37]
    decoder = Decoder(codec=name, shape=list(PICTURE.shape))
    assert (decoder(packets) == 128).all()
    assert decoder.results() == {"pictures": 4, "lost": 4}


def test_a_picture_of_another_size_is_none_of_this_stream() -> None:
    packets = Encoder(bytes=6000)(PICTURE[None])
    assert (Decoder(shape=[100, 100, 3])(packets) == 128).all()


def test_items_that_are_no_pictures_are_refused() -> None:
    with pytest.raises(ItemTypeError, match=r"pictures are \[rows, columns\]"):
        Encoder(bytes=100)(np.zeros((1, 4, 4, 4), np.uint8))
    with pytest.raises(ItemTypeError, match=r"pictures are \[rows, columns\]"):
        Decoder(shape=[3])(np.zeros((1, 4), np.uint8))
