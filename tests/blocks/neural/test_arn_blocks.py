"""The blocks of the ARN link: the shipped models, the switch in the stream, and misfits."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from scipy.special import softmax

from semradio.blocks.api import BlockError, ItemType, ItemTypeError, ModelError, Tag, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.neural.model_card import METADATA_KEY, ModelCard
from semradio.blocks.neural.model_file import find_model

ROLES = {
    "semantic_encoder": "arn/encoder",
    "arn_transmitter": "arn/alice",
    "arn_receiver": "arn/bob",
    "semantic_decoder": "arn/decoder",
    "eavesdropper": "arn/eve",
}
CUTS = (None, 1, 7, 64)
FRAME = ItemType("float32", (23,))


def _frames(count: int) -> np.ndarray:
    x = np.random.default_rng(5).standard_normal((count, 23)) / np.sqrt(23)
    return x.astype(np.float32)


def _images(count: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 28, 28), np.uint8)


def _direct(model: str, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(find_model(model))
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("block_type", ROLES)
@pytest.mark.parametrize("chunk", CUTS)
def test_each_block_gives_what_its_model_gives(block_type, chunk):
    block = find(block_type)(model=ROLES[block_type])
    x = _images(100) if block_type == "semantic_encoder" else _frames(100)
    y = block(x, chunk=chunk)
    got = y[0] if isinstance(y, tuple) else y
    expected = _direct(ROLES[block_type], x)
    assert got.dtype == expected.dtype
    if got.dtype == np.uint8:
        # Rounding to bytes may fall to either side where two batch sizes differ by 1e-7.
        assert np.abs(got.astype(int) - expected).max() <= 1
        assert (got != expected).mean() < 1e-3
    else:
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_ports_and_types_of_the_link():
    ports = {t: find(t)(model=m) for t, m in ROLES.items()}
    assert {t: (list(b.inputs), list(b.outputs)) for t, b in ports.items()} == {
        "semantic_encoder": (["image"], ["x"]),
        "arn_transmitter": (["x"], ["y"]),
        "arn_receiver": (["y"], ["x"]),
        "semantic_decoder": (["x"], ["image"]),
        "eavesdropper": (["y"], ["logits", "label", "confidence"]),
    }
    with pytest.raises(ItemTypeError, match=r"takes uint8\[28,28\], not uint8\[32,32\]"):
        ports["semantic_encoder"].resolve({"image": ItemType("uint8", (32, 32))})


@pytest.mark.parametrize("chunk", CUTS)
def test_eve_guesses_the_largest_logit_with_its_softmax(chunk):
    logits, label, confidence = find("eavesdropper")(model="arn/eve")(_frames(200), chunk=chunk)
    probabilities = softmax(logits.astype(np.float64), axis=1)
    np.testing.assert_array_equal(label, logits.argmax(axis=1))
    np.testing.assert_allclose(confidence, probabilities.max(axis=1), rtol=1e-5)
    assert (label.dtype, confidence.dtype) == (np.int64, np.float32)


@pytest.mark.parametrize("block_type", ROLES)
def test_a_model_in_the_wrong_place_is_refused(block_type):
    for role, model in ROLES.items():
        if role != block_type:
            with pytest.raises(ModelError, match=f"made for the block '{role}'"):
                find(block_type)(model=model)


def test_the_adaptive_eve_is_an_eve():
    assert find("eavesdropper")(model="arn/adaptive_eve")(_frames(3))[0].shape == (3, 10)


def test_a_model_without_a_card_fits_by_position(linear, weights):
    x = _frames(9)[:, :5]
    y = find("semantic_encoder")(model=str(linear))(x)
    np.testing.assert_allclose(y, x @ weights, atol=1e-5)


def test_a_module_that_changes_the_type_cannot_be_plugged_in(linear):
    with pytest.raises(ModelError, match=r"turns float32\[5\] into float32\[3\]"):
        find("arn_transmitter")(model=str(linear))(_frames(2)[:, :5])


def test_a_model_of_two_inputs_belongs_into_onnx_model(make_model):
    path = make_model(
        [("Add", ["x", "h"], ["y"])], [("x", ["n", 2]), ("h", ["n", 2])], [("y", ["n", 2])]
    )
    with pytest.raises(ModelError, match=r"has 2 inputs .*'onnx_model' takes any"):
        find("semantic_encoder")(model=str(path))


def test_eve_needs_logits(make_model):
    card = ModelCard(name="odd", role="eavesdropper")
    path = make_model(
        [("Relu", ["x"], ["y"])],
        [("x", ["n", 2, 2])],
        [("y", ["n", 2, 2])],
        metadata={METADATA_KEY: card.to_json()},
    )
    with pytest.raises(ModelError, match="needs one logit per class"):
        find("eavesdropper")(model=str(path))(np.ones((2, 2, 2), np.float32))


def test_nan_on_the_air_names_input_and_item():
    y = _frames(50)
    y[31, 22] = np.nan
    for block_type in ("arn_receiver", "eavesdropper"):
        with pytest.raises(BlockError, match=r"input 'y' carries NaN .* first at item 31$"):
            find(block_type)(model=ROLES[block_type])(y, chunk=20)


# The switch ------------------------------------------------------------------------------------


def _switched(changes: dict[int, list[bool]], chunk: int, enabled: bool = True):
    """Run 100 frames through Alice, switched live before the given items; return (x, y, tags)."""
    x = _frames(100)
    alice = find("arn_transmitter")(model="arn/alice", name="alice", enabled=enabled)
    with Harness(alice, {"x": FRAME}) as harness:
        at = 0
        for stop in sorted({*changes, 100, *range(0, 100, chunk)} - {0}):
            for value in changes.get(at, ()):
                harness.change({"enabled": value})
            harness.push(x[at:stop])
            at = stop
        harness.end()
        return x, harness.outputs()[0], [t for t in harness.tags()[0] if t.key == "arn"]


@pytest.mark.parametrize("chunk", [1, 7, 64, 100])
def test_bob_follows_alice_at_the_very_frame(chunk):
    x, y, tags = _switched({30: [False], 70: [True]}, chunk)
    assert tags == [Tag(0, "arn", True), Tag(30, "arn", False), Tag(70, "arn", True)]
    np.testing.assert_array_equal(y[30:70], x[30:70])
    protected = np.r_[0:30, 70:100]
    np.testing.assert_allclose(y[protected], _direct("arn/alice", x)[protected], atol=1e-6)
    for cut in (None, 1, 9):
        restored = find("arn_receiver")(model="arn/bob")(y, tags=tags, chunk=cut)
        np.testing.assert_array_equal(restored[30:70], y[30:70])
        expected = _direct("arn/bob", y)
        np.testing.assert_allclose(restored[protected], expected[protected], atol=1e-6)


def test_alice_announces_that_she_starts_disabled():
    x, y, tags = _switched({40: [True]}, 16, enabled=False)
    assert tags == [Tag(0, "arn", False), Tag(40, "arn", True)]
    np.testing.assert_array_equal(y[:40], x[:40])
    assert not np.array_equal(y[40:], x[40:])


@pytest.mark.parametrize("values", [[True, False], [False, True, False], [False, False]])
@pytest.mark.parametrize("at", [0, 20])
def test_of_several_switches_before_one_frame_the_last_counts(values, at):
    x, y, tags = _switched({at: values}, 10)
    assert [t for t in tags if t.index == at] == [Tag(at, "arn", False)]
    np.testing.assert_array_equal(y[at:], x[at:])
    restored = find("arn_receiver")(model="arn/bob")(y, tags=tags)
    np.testing.assert_array_equal(restored[at:], y[at:])


def test_bob_acts_where_nobody_announces_anything():
    y = _frames(10)
    np.testing.assert_allclose(
        find("arn_receiver")(model="arn/bob")(y), _direct("arn/bob", y), atol=1e-6
    )


def test_bobs_own_switch_wins():
    y = _frames(10)
    bob = find("arn_receiver")(model="arn/bob", enabled=False)
    np.testing.assert_array_equal(bob(y, tags=[Tag(0, "arn", True)]), y)


def test_a_disabled_bob_still_hears_alice():
    y = _frames(30)
    bob = find("arn_receiver")(model="arn/bob", enabled=False)
    with Harness(bob, {"y": FRAME}) as harness:
        harness.push(y[:10], tags=[Tag(3, "arn", False)])
        harness.change({"enabled": True})
        harness.push(y[10:20])
        harness.push(y[20:], tags=[Tag(25, "arn", True)])
        harness.end()
        got = harness.outputs()[0]
    np.testing.assert_array_equal(got[:25], y[:25])
    np.testing.assert_allclose(got[25:], _direct("arn/bob", y)[25:], atol=1e-6)


def test_a_bob_who_does_not_follow_acts_on_every_item():
    y = _frames(20)
    tags = [Tag(0, "arn", False), Tag(9, "arn", True), Tag(12, "arn", False)]
    bob = find("arn_receiver")(model="arn/bob", follow=False)
    np.testing.assert_allclose(bob(y, tags=tags), _direct("arn/bob", y), atol=1e-6)
    bob = find("arn_receiver")(model="arn/bob", follow=False, enabled=False)
    np.testing.assert_array_equal(bob(y, tags=tags), y)
