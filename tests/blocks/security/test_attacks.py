"""What Eve gets from hidden frames: nothing under fresh rotations, all under one that is reused."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import Array, find
from semradio.blocks.security.haar_rotation import HaarRotation
from semradio.blocks.security.keyed_rotation import KeyedRotation

SIZE = 23
KEY = b"\x5a" * 32
CHANCE = 0.1
KNOWN = (SIZE, 1000)
"""How many frames Eve knows."""


@pytest.fixture(scope="module")
def real() -> tuple[Array, Array]:
    """Frames of real images, and what the images show."""
    images, labels = find("image_source")(dataset="mnist", split="heldout", frames=3000)()
    return find("semantic_encoder")(model="arn/encoder")(images), labels


def accuracy(frames: Array, labels: Array) -> float:
    """Accuracy of a classifier that was trained on frames that were not hidden."""
    logits, *_ = find("eavesdropper")(model="arn/eve")(frames.astype(np.float32))
    guess = logits.argmax(axis=1)
    return float((guess == labels).mean())


def procrustes(x: Array, y: Array) -> Array:
    """The orthogonal matrix that takes the rows of x nearest to those of y (Schoenemann, 1966)."""
    u, _, v = np.linalg.svd(x.T.astype(float) @ y.astype(float))
    q: Array = u @ v
    return q


def noise(shape: tuple[int, ...]) -> Array:
    """Noise at 10 dB."""
    return np.random.default_rng(9).normal(0, np.sqrt(0.1 / SIZE), shape).astype(np.float32)


def under_one_rotation(x: Array) -> Array:
    """What a link sends that uses one frame number for everything."""
    rotation = HaarRotation(KEY, size=SIZE)
    return np.concatenate([rotation.rotate(x[i : i + 1], 5) for i in range(len(x))])


def test_known_frames_tell_nothing_about_the_next(real: tuple[Array, Array]) -> None:
    x, labels = real
    y = HaarRotation(KEY, size=SIZE).rotate(x, 0)
    for known in KNOWN:
        restored = y[known:] @ procrustes(x[:known], y[:known]).T
        assert accuracy(restored, labels[known:]) < CHANCE + 0.06
        # As far off as an image of another place in the data, rotated at random.
        cosine = (restored * x[known:]).sum(axis=1) / (x[known:] ** 2).sum(axis=1)
        assert abs(cosine.mean()) < 0.02
        assert cosine.std() == pytest.approx(1 / np.sqrt(SIZE), rel=0.1)


def test_a_rotation_that_is_reused_is_found_from_23_known_frames(
    real: tuple[Array, Array],
) -> None:
    """The limit that is stated: no key, session and frame number may serve twice."""
    x, labels = real
    y = under_one_rotation(x)
    assert accuracy(y, labels) < 0.3
    restored = y[SIZE:] @ procrustes(x[:SIZE], y[:SIZE]).T
    assert abs(restored - x[SIZE:]).max() < 1e-3
    heard = y + noise(y.shape)
    restored = heard[SIZE:] @ procrustes(x[:SIZE], heard[:SIZE]).T
    assert accuracy(restored, labels[SIZE:]) > 0.85


def test_two_frames_under_one_rotation_show_how_alike_they_are() -> None:
    x = np.random.default_rng(2).standard_normal((200, SIZE)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    for y, leaks in (
        (under_one_rotation(x), True),
        (HaarRotation(KEY, size=SIZE).rotate(x, 0), False),
    ):
        plain, hidden = (v[::2] * v[1::2] for v in (x, y))
        correlation = np.corrcoef(plain.sum(axis=1), hidden.sum(axis=1))[0, 1]
        assert (correlation > 0.999) == leaks
        assert leaks or abs(correlation) < 0.35


def test_labelled_hidden_frames_are_of_no_use(real: tuple[Array, Array]) -> None:
    """Eve looks for the nearest of 2000 frames whose labels she knows."""
    x, labels = real

    def neighbours(frames: Array) -> float:
        known, new = frames[:2000].astype(float), frames[2000:].astype(float)
        distance = (known**2).sum(axis=1) - 2 * new @ known.T
        return float((labels[:2000][distance.argmin(axis=1)] == labels[2000:]).mean())

    rotation = HaarRotation(KEY, size=SIZE)
    assert neighbours(x) > 0.85
    assert neighbours(under_one_rotation(x)) > 0.85
    equal = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert abs(neighbours(rotation.rotate(equal, 0)) - CHANCE) < 0.04


def test_the_energy_of_a_frame_tells_the_digit_unless_it_is_equalised(
    real: tuple[Array, Array], keys: list[str]
) -> None:
    x, labels = real

    def by_energy(y: Array) -> tuple[float, float]:
        """The spread of the classes' mean lengths, and what guessing by length gives."""
        length = np.linalg.norm(y.astype(float), axis=1)
        seen, new = slice(0, 2000), slice(2000, None)
        means = np.array([length[seen][labels[seen] == digit].mean() for digit in range(10)])
        guess = abs(length[new][:, None] - means).argmin(axis=1)
        return float(np.ptp(means)), float((guess == labels[new]).mean())

    spread, hit = by_energy(KeyedRotation(keys=keys, normalise=False)(x))
    assert spread > 0.1
    assert hit > 0.14
    spread, hit = by_energy(KeyedRotation(keys=keys)(x))
    assert spread < 1e-6
    assert abs(hit - CHANCE) < 0.04
