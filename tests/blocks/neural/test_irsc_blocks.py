"""Transmitters and receivers of the interference channel: what feeds the model, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from irsc_models import ALL_LINKS, OWN_LINKS, Models

from semradio.blocks.api import BlockError, ItemType, ItemTypeError, ModelError, ParameterError
from semradio.blocks.neural.irsc_receiver import IrscReceiver
from semradio.blocks.neural.irsc_transmitter import IrscTransmitter

random = np.random.default_rng(5)


def complexes(*shape: int) -> np.ndarray:
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


IMAGES = random.integers(0, 256, (40, 28, 28), dtype=np.uint8)
H = complexes(40, 2, 2, 2, 2)
Y = complexes(40, 2, 16)


def planes(x: np.ndarray) -> np.ndarray:
    return np.stack([x.real, x.imag], axis=1)


def direct(path: Path, **feed: np.ndarray) -> np.ndarray:
    """What the file gives when it is simply called."""
    return onnxruntime.InferenceSession(str(path)).run(None, feed)[0]


# What feeds the model --------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 40])
@pytest.mark.parametrize("card", [True, False])
@pytest.mark.parametrize("h", [None, "all", "own"])
def test_the_frame_is_the_models(tmp_path, h, card, chunk):
    path = Models(transmitter_h=h, card=card).transmitter(tmp_path / "t.onnx", user=1)
    state = {None: {}, "all": {"h": planes(H)}, "own": {"h": planes(H[:, 1])}}[h]
    real, imaginary = np.moveaxis(direct(path, image=IMAGES, **state), 1, 0)
    inputs = [IMAGES] if h is None else [IMAGES, H]
    x = IrscTransmitter(model=str(path), user=1)(*inputs, chunk=chunk)
    assert x.dtype == np.complex64
    np.testing.assert_allclose(x, real + 1j * imaginary, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 40])
@pytest.mark.parametrize("card", [True, False])
@pytest.mark.parametrize(
    ("h", "snr_db"), [(None, False), ("all", False), ("own", True), ("all", True)]
)
def test_the_image_is_the_models(tmp_path, h, snr_db, card, chunk):
    models = Models(receiver_h=h, snr_db=snr_db, card=card)
    path = models.receiver(tmp_path / "r.onnx", user=1)
    state = {None: {}, "all": {"h": planes(H)}, "own": {"h": planes(H[:, 1])}}[h]
    told = {"snr_db": np.full((40, 1), -3, np.float32)} if snr_db else {}
    block = IrscReceiver(model=str(path), user=1, snr_db=-3.0)
    image = block(Y, None if h is None else H, chunk=chunk)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, direct(path, y=planes(Y), **state, **told))


def test_a_channel_state_that_the_model_has_no_use_for_is_ignored(tmp_path):
    models = Models(receiver_h=None)
    transmitter = IrscTransmitter(model=str(models.transmitter(tmp_path / "t.onnx")))
    receiver = IrscReceiver(model=str(models.receiver(tmp_path / "r.onnx")))
    np.testing.assert_array_equal(transmitter(IMAGES, H), transmitter(IMAGES, None))
    np.testing.assert_array_equal(receiver(Y, H), receiver(Y, None))


def test_the_snr_changes_while_running(tmp_path):
    path = Models(receiver_h=None, snr_db=True).receiver(tmp_path / "r.onnx")
    block = IrscReceiver(model=str(path), snr_db=20.0)
    before = block(Y, None)
    block.set("snr_db", -10.0)
    told = np.full((40, 1), -10, np.float32)
    np.testing.assert_array_equal(block(Y, None), direct(path, y=planes(Y), snr_db=told))
    assert (before != block(Y, None)).any()
    with pytest.raises(ParameterError, match="needs the signal-to-noise ratio"):
        block.set("snr_db", None)
    assert block.snr_db == -10.0


# What is refused -------------------------------------------------------------------------------

STATE = ItemType("complex64", (2, 2, 2, 2))
IMAGE = ItemType("uint8", (28, 28))
FRAME = ItemType("complex64", (2, 16))


def state(users: int, receive: int = 2, transmit: int = 2) -> ItemType:
    return ItemType("complex64", (users, users, receive, transmit))


def test_a_model_that_needs_the_channel_state_gets_it_or_nothing_runs(tmp_path):
    models = Models(transmitter_h="all")
    transmitter = IrscTransmitter(model=str(models.transmitter(tmp_path / "t.onnx")))
    receiver = IrscReceiver(model=str(models.receiver(tmp_path / "r.onnx")))
    words = r"model '.*\.onnx' needs the channel state: connect it to input 'h'"
    with pytest.raises(ModelError, match=words):
        transmitter.resolve({"image": IMAGE})
    with pytest.raises(ModelError, match=words):
        receiver.resolve({"y": FRAME})


@pytest.mark.parametrize("card", [True, False])
@pytest.mark.parametrize("h", ["all", "own"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (state(3), "for 3 users .*model '.*' is for 2 users: use a model for 3 users"),
        (state(1), "for 1 user .*model '.*' is for 2 users: use a model for 1 user"),
        (state(2, 4, 2), "for 4 receive antennas .* is for 2 receive antennas"),
        (state(2, 2, 3), "for 3 transmit antennas .* is for 2 transmit antennas"),
        (ItemType("complex64", (2, 3, 2, 2)), "links of 3 transmitters to 2 receivers"),
    ],
)
def test_another_channel_state_than_the_models(tmp_path, given, words, h, card):
    models = Models(transmitter_h=h, receiver_h=h, card=card)
    transmitter = IrscTransmitter(model=str(models.transmitter(tmp_path / "t.onnx")))
    receiver = IrscReceiver(model=str(models.receiver(tmp_path / "r.onnx")))
    with pytest.raises(ItemTypeError, match=f"^input 'h' of block .* {words}"):
        transmitter.resolve({"image": IMAGE, "h": given})
    with pytest.raises(ItemTypeError, match=f"^input 'h' of block .* {words}"):
        receiver.resolve({"y": FRAME, "h": given})


@pytest.mark.parametrize(
    ("given", "ends", "words"),
    [
        (state(3), "tx rx", "is for 3 users .* is for 2 users"),
        (state(2, 4, 2), "rx", "is for 4 receive antennas .* the frames 'y' of model '.*' have 2"),
        (state(2, 2, 4), "tx", "is for 4 transmit antennas .* the frames 'x' of model '.*' have 2"),
    ],
)
def test_the_card_of_a_model_that_takes_no_channel_state_counts_too(tmp_path, given, ends, words):
    models = Models(receiver_h=None)
    transmitter = IrscTransmitter(model=str(models.transmitter(tmp_path / "t.onnx")))
    receiver = IrscReceiver(model=str(models.receiver(tmp_path / "r.onnx")))
    for end, block, first in (("tx", transmitter, IMAGE), ("rx", receiver, FRAME)):
        inputs = {next(iter(block.inputs)): first, "h": given}
        if end in ends:
            with pytest.raises(ItemTypeError, match=f"^input 'h' of block .* {words}"):
                block.resolve(inputs)
        else:
            assert block.resolve(inputs)


def test_streams_are_no_antennas(tmp_path):
    models = Models(receiver_h=None, rows=1, streams=True)
    transmitter = IrscTransmitter(model=str(models.transmitter(tmp_path / "t.onnx")))
    receiver = IrscReceiver(model=str(models.receiver(tmp_path / "r.onnx")))
    one = ItemType("complex64", (1, 16))
    assert transmitter.resolve({"image": IMAGE, "h": STATE}) == {"x": one}
    assert receiver.resolve({"y": one, "h": STATE}) == {"image": IMAGE}
    with pytest.raises(ItemTypeError, match=r"'y' .* is for 2 streams .* is for 1 stream:"):
        receiver.resolve({"y": FRAME, "h": STATE})


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 16), "is for 4 receive antennas .* is for 2 receive antennas"),
        ((2, 8), "is for 8 slots .* is for 16 slots: use a model for 8 slots"),
    ],
)
def test_other_frames_than_the_models(tmp_path, shape, words):
    receiver = IrscReceiver(model=str(Models().receiver(tmp_path / "r.onnx")))
    with pytest.raises(ItemTypeError, match=f"^input 'y' of block .* {words}"):
        receiver.resolve({"y": ItemType("complex64", shape), "h": STATE})


def test_another_image_than_the_models(tmp_path):
    transmitter = IrscTransmitter(model=str(Models().transmitter(tmp_path / "t.onnx")))
    with pytest.raises(ItemTypeError, match=r"^input 'image' of block .* uint8\[32,32\]"):
        transmitter.resolve({"image": ItemType("uint8", (32, 32)), "h": STATE})


@pytest.mark.parametrize(
    ("h", "axes"),
    [
        ("all", {"h": ("re_im", "transmitter", "receiver", "rx_antenna", "tx_antenna")}),
        ("all", {"h": ("re_im", "receiver", "transmitter", "tx_antenna", "rx_antenna")}),
        ("all", {"h": ("receiver", "transmitter", "rx_antenna", "tx_antenna", "re_im")}),
        ("own", {"h": ("re_im", "receiver", "rx_antenna", "tx_antenna")}),
        ("all", {"h": OWN_LINKS}),
        ("own", {"h": ALL_LINKS}),
        (None, {"x": ("re_im", "slot", "tx_antenna"), "y": ("re_im", "slot", "rx_antenna")}),
    ],
)
def test_another_order_of_axes_is_refused(tmp_path, h, axes):
    models = Models(transmitter_h=h, receiver_h=h, axes=axes)
    words = "after the batch; the block .* has re_im, .*: export the model in that order"
    with pytest.raises(ModelError, match=words):
        IrscTransmitter(model=str(models.transmitter(tmp_path / "t.onnx")))
    with pytest.raises(ModelError, match=words):
        IrscReceiver(model=str(models.receiver(tmp_path / "r.onnx")))


def test_a_card_that_says_nothing_of_axes_is_taken_by_rank(tmp_path):
    path = Models(receiver_h="own", axes={}).receiver(tmp_path / "r.onnx")
    assert IrscReceiver(model=str(path)).resolve({"y": FRAME, "h": STATE}) == {"image": IMAGE}


def test_the_model_of_another_user_or_of_another_end(tmp_path):
    models = Models()
    transmitter = str(models.transmitter(tmp_path / "t.onnx", user=1))
    receiver = str(models.receiver(tmp_path / "r.onnx", user=1))
    for block, model in ((IrscTransmitter, transmitter), (IrscReceiver, receiver)):
        with pytest.raises(ModelError, match=r"is made for user 1, but parameter 'user' is 0"):
            block(model=model)
    with pytest.raises(ModelError, match="for the block 'irsc_transmitter', not for 'irsc_rec"):
        IrscReceiver(model=transmitter)
    with pytest.raises(ModelError, match="for the block 'irsc_receiver', not for 'irsc_tr"):
        IrscTransmitter(model=receiver)


def test_a_user_who_is_none_of_the_channels(tmp_path):
    path = Models(users=1, receiver_h="own", card=False).receiver(tmp_path / "r.onnx")
    with pytest.raises(ItemTypeError, match=r"is for 1 user .* 'user' is 1; .* counted from 0"):
        IrscReceiver(model=str(path), user=1).resolve({"y": FRAME, "h": state(1)})


def test_a_model_that_wants_the_snr_is_told_it(tmp_path):
    path = Models(snr_db=True).receiver(tmp_path / "r.onnx")
    with pytest.raises(ParameterError, match="ratio: give parameter 'snr_db'"):
        IrscReceiver(model=str(path))


def test_other_ports_than_the_blocks(linear, make_model):
    with pytest.raises(ModelError, match=r"the inputs x: .*'irsc_receiver' takes a model with y,"):
        IrscReceiver(model=str(linear))
    path = make_model([("Identity", ["y"], ["s"])], [("y", ["n", 2, 2, 16])], [("s", ["n", 2])])
    with pytest.raises(ModelError, match=r"has the outputs s: .* a model that gives 'image'"):
        IrscReceiver(model=str(path))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["y", "h"])
def test_nan_names_the_input_and_the_item(tmp_path, name, value):
    block = IrscReceiver(model=str(Models().receiver(tmp_path / "r.onnx")))
    inputs = {"y": Y.copy(), "h": H.copy()}
    inputs[name][23].reshape(-1)[3] = value
    words = f"input '{name}' carries NaN or infinity, first at item 23"
    with pytest.raises(BlockError, match=words):
        block(*inputs.values(), chunk=10)
