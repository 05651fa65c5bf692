"""The MIMO interference channel against naive loops, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ItemTypeError
from semradio.blocks.errors import BlockError
from semradio.blocks.mimo.mimo_interference_channel import MimoInterferenceChannel
from semradio.blocks.mimo.snr import noise_variance
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.language.problems import FlowgraphError

rng = np.random.default_rng(12)


def complex_normal(*shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


def through(x: list[np.ndarray], h: np.ndarray, **parameters: Any) -> list[np.ndarray]:
    y = MimoInterferenceChannel(users=len(x), **parameters)(*x, h)
    return [y] if len(x) == 1 else list(y)


@pytest.mark.parametrize("users", [1, 2, 3, 5])
def test_it_is_equation_3(users: int) -> None:
    n, receive, transmit, slots = 300, 3, 2, 5
    x = [complex_normal(n, transmit, slots) for _ in range(users)]
    h = complex_normal(n, users, users, receive, transmit)
    # So little noise that it does not show.
    y = through(x, h, snr_db=150.0)
    for k in range(users):
        assert y[k].shape == (n, receive, slots)
        want = np.zeros((n, receive, slots), complex)
        for i in range(n):
            for j in range(users):
                for r in range(receive):
                    for t in range(transmit):
                        want[i, r] += complex(h[i, k, j, r, t]) * x[j][i, t].astype(complex)
        np.testing.assert_allclose(y[k], want, atol=1e-5)


@pytest.mark.parametrize(("snr_db", "power"), [(0.0, 1.0), (7.0, 1.0), (-5.0, 4.0)])
def test_noise_has_the_stated_variance_per_antenna_and_slot(snr_db: float, power: float) -> None:
    n, users, slots = 4000, 2, 16
    x = [np.zeros((n, 2, slots), np.complex64)] * users
    h = complex_normal(n, users, users, 2, 2)
    y = np.stack(through(x, h, snr_db=snr_db, power=power, seed=3))
    assert y.size >= 200_000
    variance = power / 10 ** (snr_db / 10)
    assert 0.99 <= np.mean(np.abs(y) ** 2) / variance <= 1.01
    assert 0.98 <= 2 * np.mean(y.real**2) / variance <= 1.02
    # White: over rails, users, antennas, slots and frames.
    assert abs(np.mean(y**2)) / variance < 0.01
    for a, b in (
        (y[0], y[1]),
        (y[:, :, 0], y[:, :, 1]),
        (y[..., 1:], y[..., :-1]),
        (y[:, 1:], y[:, :-1]),
    ):
        assert abs(np.mean(a * b.conj())) / variance < 0.02


def test_variance_of_noise_is_power_over_snr() -> None:
    assert noise_variance(0.0) == 1.0
    assert noise_variance(10.0) == pytest.approx(0.1)
    assert noise_variance(-3.0, 2.0) == pytest.approx(3.9905246)


def test_one_user_is_a_plain_mimo_channel() -> None:
    x, h = complex_normal(40, 4, 6), complex_normal(40, 1, 1, 3, 4)
    y = MimoInterferenceChannel(users=1, snr_db=150.0)(x, h)
    np.testing.assert_allclose(y, h[:, 0, 0] @ x, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 16, 256])
def test_it_gives_the_same_bits_for_every_chunk(chunk: int) -> None:
    x = [complex_normal(600, 2, 16) for _ in range(3)]
    h = complex_normal(600, 3, 3, 2, 2)
    channel = MimoInterferenceChannel(users=3, snr_db=3.0, seed=4)
    for whole, cut in zip(channel(*x, h), channel(*x, h, chunk=chunk), strict=True):
        assert whole.tobytes() == cut.tobytes()


def test_noise_depends_on_seed_and_name_and_not_on_the_level() -> None:
    x, h = [np.zeros((50, 2, 16), np.complex64)] * 2, complex_normal(50, 2, 2, 2, 2)
    one = np.stack(through(x, h, name="a", seed=1, snr_db=0.0))
    np.testing.assert_allclose(
        np.stack(through(x, h, name="a", seed=1, snr_db=20.0)), one / 10, rtol=1e-5, atol=1e-7
    )
    for other in ({"name": "b", "seed": 1}, {"name": "a", "seed": 2}):
        assert abs(np.mean(np.stack(through(x, h, snr_db=0.0, **other)) * one.conj())) < 0.1


def test_snr_is_live() -> None:
    channel = MimoInterferenceChannel(snr_db=0.0)
    channel.started = True
    channel.set("snr_db", 20.0)
    x, h = np.zeros((2000, 2, 16), np.complex64), complex_normal(2000, 2, 2, 2, 2)
    assert np.mean(np.abs(np.stack(channel(x, x, h))) ** 2) == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("port", ["x[0]", "x[1]", "h"])
@pytest.mark.parametrize("value", [np.nan, np.inf, complex(0, -np.inf)])
def test_what_is_no_number_is_refused_with_port_and_item(port: str, value: complex) -> None:
    inputs = {
        "x[0]": np.zeros((900, 2, 4), np.complex64),
        "x[1]": np.zeros((900, 2, 4), np.complex64),
        "h": np.zeros((900, 2, 2, 2, 2), np.complex64),
    }
    inputs[port].reshape(900, -1)[700, 5] = value
    message = rf"block 'air'.*input '{port}' carries NaN or infinity, first at item 700"
    message = message.replace("[", r"\[", 1) if "[" in port else message
    with pytest.raises(BlockError, match=message):
        MimoInterferenceChannel(name="air")(*inputs.values(), chunk=64)


def test_large_signals_are_no_error() -> None:
    x = np.full((3, 2, 4), 1e20, np.complex64)
    h = np.ones((3, 1, 1, 2, 2), np.complex64)
    np.testing.assert_allclose(MimoInterferenceChannel(users=1)(x, h), 2e20, rtol=1e-5)


# Before the run --------------------------------------------------------------------------------


def resolved(users: int, frame: str, state: str) -> MimoInterferenceChannel:
    block = MimoInterferenceChannel(users=users, name="air")
    inputs = {f"x[{k}]": ItemType.parse(frame) for k in range(users)}
    block.resolve({**inputs, "h": ItemType.parse(state)})
    return block


def test_types_follow_from_frames_and_state() -> None:
    block = resolved(3, "complex64[4,10]", "complex64[3,3,5,4]")
    assert {str(item) for item in block.output_item_types.values()} == {"complex64[5,10]"}
    assert list(block.output_item_types) == ["y[0]", "y[1]", "y[2]"]


@pytest.mark.parametrize(
    ("users", "frame", "state", "message"),
    [
        (3, "complex64[2,16]", "complex64[2,2,2,2]", r"links of 2 transmitters .*'air' is 3"),
        (1, "complex64[2,16]", "complex64[2,2,2,2]", r"links of 2 transmitters .*'air' is 1"),
        (2, "complex64[2,16]", "complex64[3,2,2,2]", r"2 transmitters to 3 receivers"),
        (2, "complex64[4,16]", "complex64[2,2,4,2]", r"for 2 transmit antennas .* are for 4 "),
        (2, "complex64[16]", "complex64[2,2,2,2]", r"takes complex64\[\*,\*\]"),
        (2, "complex64[2,16]", "complex64[2,2]", r"takes complex64\[\*,\*,\*,\*\]"),
        (2, "float32[2,16]", "complex64[2,2,2,2]", r"takes complex64"),
    ],
)
def test_what_does_not_fit_is_told(users: int, frame: str, state: str, message: str) -> None:
    with pytest.raises(ItemTypeError, match=message):
        resolved(users, frame, state)


def test_a_flowgraph_tells_the_line() -> None:
    text = """
flowgraph: wrong
blocks:
  tx: {block: null_source, type: "complex64[4,16]", items: 5}
  state: {block: channel_state_source, users: 1, frames: 5}
  air: {block: mimo_interference_channel, users: 1}
  sink: {block: null_sink}
connections:
  - tx -> air -> sink
  - state -> air.h
"""
    with pytest.raises(FlowgraphError, match=r":10:.*2 transmit antennas .* are for 4 "):
        Flowgraph.load(text).check()


# Over processes --------------------------------------------------------------------------------

LINK = """
flowgraph: link
variables: {users: 2, folder: none}
indices: {k: "${users}"}
blocks:
  start[k]: {block: null_source, type: "complex64[2,4]", items: 300}
  tx[k]: {block: mimo_interference_channel, users: 1, snr_db: 0, seed: 9}
  own[k]: {block: channel_state_source, users: 1, fading: none, frames: 300}
  state: {block: channel_state_source, users: "${users}", frames: 300, seed: 5, doppler: 0.02}
  csi:   {block: csi_estimator, csi: orthogonal, rho: 0.9, delay: 3, seed: 2}
  air:   {block: mimo_interference_channel, users: "${users}", snr_db: 5}
  out[k]: {block: file_sink, file: "${folder}/y${k}.npy"}
  known: {block: file_sink, file: "${folder}/h.npy"}
connections:
  - start[k] -> tx[k] -> air.x[k]
  - own[k] -> tx[k].h
  - state -> air.h
  - state -> csi -> known
  - air.y[k] -> out[k]
processes:
  tx[k]: ["start[k]", "own[k]", "tx[k]"]
  air: [state, air, csi]
  rx[k]: ["out[k]"]
  csi: [known]
"""


def test_processes_and_chunks_give_the_same_bits(tmp_path: Any) -> None:
    found = []
    for k, (processes, chunk) in enumerate([(False, 256), (False, 1), (True, 16)]):
        folder = tmp_path / str(k)
        folder.mkdir()
        Flowgraph.load(LINK, folder=str(folder)).run(processes=processes, chunk=chunk)
        found.append([np.load(folder / name).tobytes() for name in ("y0.npy", "y1.npy", "h.npy")])
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 3
