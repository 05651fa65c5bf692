"""The state of the MIMO interference channel: its laws, and files of states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import j0

from semradio.blocks.api import ParameterError
from semradio.blocks.mimo.channel_state_source import ChannelStateSource
from semradio.blocks.testing import check_block
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.language.problems import FlowgraphError

rng = np.random.default_rng(3)
STATES = (rng.standard_normal((7, 3, 3, 2, 4)) + 1j * rng.standard_normal((7, 3, 3, 2, 4))).astype(
    np.complex64
)


def states(count: int, **parameters: Any) -> np.ndarray:
    return ChannelStateSource(**parameters)(count)


@pytest.mark.parametrize(
    ("parameters", "frames"),
    [
        ({}, 12_500),
        ({"fading": "rician", "k_factor_db": 3.0}, 12_500),
        ({"rx_correlation": 0.7, "tx_correlation": 0.4}, 25_000),
        ({"coherence": 5}, 62_500),
        ({"doppler": 0.2, "users": 16}, 1000),
        ({"doppler": 0.2, "users": 16, "fading": "rician", "rx_correlation": 0.5}, 1000),
    ],
)
def test_mean_power_is_one(parameters: dict[str, Any], frames: int) -> None:
    h = states(frames, seed=1, **parameters)
    assert h.size >= 200_000
    assert 0.99 <= np.mean(np.abs(h) ** 2) <= 1.01


def test_rayleigh_entries_are_independent_complex_normal() -> None:
    h = states(40_000, users=2, rx_antennas=1, tx_antennas=2, seed=2).reshape(40_000, 8)
    covariance = h.T @ h.conj() / len(h)
    np.testing.assert_allclose(covariance, np.eye(8), atol=0.03)
    # No power of its own in h^2: both rails are alike and independent (circular symmetry).
    np.testing.assert_allclose(h.T @ h / len(h), 0, atol=0.03)
    assert abs(np.mean(np.abs(h) ** 4) - 2) < 0.05
    assert abs(np.mean(h[1:] * h[:-1].conj())) < 0.01


def test_correlation_of_antennas_is_kronecker_with_exponential_factors() -> None:
    n, rx, tx = 60_000, 3, 2
    h = states(
        n, users=1, rx_antennas=rx, tx_antennas=tx, rx_correlation=0.8, tx_correlation=0.5, seed=4
    ).reshape(n, rx, tx)
    found = np.einsum("nab,ncd->abcd", h, h.conj()) / n
    for a, b, c, d in np.ndindex(rx, tx, rx, tx):
        assert abs(found[a, b, c, d] - 0.8 ** abs(a - c) * 0.5 ** abs(b - d)) < 0.03


def test_links_of_correlated_antennas_stay_independent() -> None:
    h = states(30_000, rx_correlation=0.9, tx_correlation=0.9, seed=4)
    assert abs(np.mean(h[:, 0, 0, 0, 0] * h[:, 0, 1, 0, 0].conj())) < 0.03
    assert abs(np.mean(h[:, 0, 0, 0, 0] * h[:, 0, 0, 0, 1].conj()) - 0.9) < 0.03


@pytest.mark.parametrize("lag", [1, 4, 11])
def test_doppler_gives_the_correlation_of_jakes(lag: int) -> None:
    # Many links stand for the ensemble.
    h = states(64 + lag, users=32, doppler=0.05, seed=5)
    assert h[0].size == 4096
    found = np.mean(h[lag:] * h[:-lag].conj())
    assert abs(found - j0(2 * np.pi * 0.05 * lag)) < 0.02


def test_doppler_counts_frames_also_where_the_channel_is_held() -> None:
    h = states(64, users=32, doppler=0.03, coherence=4, seed=5)
    np.testing.assert_array_equal(h, np.repeat(h[::4], 4, axis=0))
    found = np.mean(h[8:] * h[:-8].conj())
    assert abs(found - j0(2 * np.pi * 0.03 * 8)) < 0.03


def test_no_doppler_at_all_is_a_channel_that_stands_still() -> None:
    h = states(300, doppler=0.0)
    np.testing.assert_array_equal(h, np.broadcast_to(h[:1], h.shape))


def test_block_fading_holds_each_draw() -> None:
    drawn = states(20, seed=6)
    np.testing.assert_array_equal(states(57, seed=6, coherence=3), np.repeat(drawn, 3, axis=0)[:57])


def test_rician_is_a_fixed_rank_one_part_and_a_scattered_one() -> None:
    k_factor = 10**0.6
    h = states(40_000, rx_antennas=3, tx_antennas=2, fading="rician", k_factor_db=6.0, seed=7)
    sight = h.mean(axis=0)
    np.testing.assert_allclose(np.abs(sight), np.sqrt(k_factor / (1 + k_factor)), atol=0.01)
    scattered = np.mean(np.abs(h - sight) ** 2, axis=0)
    np.testing.assert_allclose(scattered, 1 / (1 + k_factor), atol=0.01)
    assert scattered.mean() == pytest.approx(1 / (1 + k_factor), rel=0.005)
    singular = np.linalg.svd(sight, compute_uv=False)
    assert (singular[..., 1] < 0.02 * singular[..., 0]).all()
    # Steering differs from link to link: neither the phases nor their steps are the same.
    steps = sight[..., 1, 0] / sight[..., 0, 0]
    assert np.abs(np.subtract.outer(steps, steps) + np.eye(4).reshape(2, 2, 2, 2)).min() > 0.01


def test_without_fading_own_links_are_identities_and_others_nothing() -> None:
    h = states(5, users=3, rx_antennas=2, tx_antennas=3, fading="none", cross_gain_db=10.0)
    want = np.zeros((5, 3, 3, 2, 3), np.complex64)
    for k in range(3):
        want[:, k, k, 0, 0] = want[:, k, k, 1, 1] = 1
    np.testing.assert_array_equal(h, want)


@pytest.mark.parametrize("fading", ["rayleigh", "rician"])
@pytest.mark.parametrize("doppler", [None, 0.01])
def test_cross_gain_scales_the_interfering_links_alone(fading: str, doppler: float | None) -> None:
    kind = {"fading": fading, "doppler": doppler, "seed": 8, "users": 3}
    plain, weak = states(50, **kind), states(50, **kind, cross_gain_db=-6.0)
    for k, j in np.ndindex(3, 3):
        gain = 1 if k == j else 10 ** (-6 / 20)
        np.testing.assert_allclose(weak[:, k, j], gain * plain[:, k, j], rtol=1e-5)


@pytest.mark.parametrize("doppler", [None, 0.1])
def test_draws_depend_on_seed_and_name(doppler: float | None) -> None:
    def drawn(seed: int, name: str) -> np.ndarray:
        return ChannelStateSource(seed=seed, name=name, users=8, doppler=doppler)(20)

    one = drawn(1, "a")
    np.testing.assert_array_equal(one, drawn(1, "a"))
    for other in (drawn(2, "a"), drawn(1, "b")):
        assert abs(np.mean(one * other.conj())) < 0.2


def test_the_line_of_sight_depends_on_seed_and_name_and_its_link() -> None:
    def sight(seed: int, name: str) -> np.ndarray:
        parameters = {"fading": "rician", "k_factor_db": 100.0, "users": 8, "seed": seed}
        return ChannelStateSource(name=name, **parameters)(1)

    one = sight(1, "a")
    for other in (sight(2, "a"), sight(1, "b")):
        assert abs(np.mean(one * other.conj())) < 0.3
    # The draws of the scattered part are others: the angle of the first is no angle of sight.
    first = ChannelStateSource(name="a", seed=1, users=8)(1)
    phase = np.angle(first.reshape(-1)[2 : 3 * 64 : 3]) - np.angle(one[..., 0, 0].reshape(-1))
    assert abs(np.mean(np.exp(1j * phase))) < 0.4


@pytest.mark.parametrize("chunk", [1, 16, 256])
@pytest.mark.parametrize(
    "parameters",
    [
        {"users": 3, "cross_gain_db": -3.0},
        {"fading": "rician", "rx_correlation": 0.5, "tx_correlation": 0.2, "coherence": 3},
        {"doppler": 0.03, "coherence": 2},
    ],
)
def test_states_are_the_same_bits_for_every_chunk(parameters: dict[str, Any], chunk: int) -> None:
    whole = ChannelStateSource(frames=600, **parameters)(600)
    cut = ChannelStateSource(frames=600, **parameters)(600, chunk=chunk)
    assert whole.tobytes() == cut.tobytes()


def test_frames_end_the_stream() -> None:
    assert len(states(100, frames=7)) == 7
    assert len(states(100, frames=0)) == 0
    assert len(states(100, frames=7, fading="none")) == 7


# Files -----------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    np.save(tmp_path / "states.npy", STATES)
    return tmp_path / "states.npy"


def test_states_of_a_file(file: Path) -> None:
    np.testing.assert_array_equal(states(100, file=str(file)), STATES)
    np.testing.assert_array_equal(states(100, file=str(file), frames=3), STATES[:3])
    twice = np.concatenate([STATES, STATES])
    np.testing.assert_array_equal(states(13, file=str(file), repeat=True), twice[:13])
    held = np.repeat(STATES, 2, axis=0)
    np.testing.assert_array_equal(states(100, file=str(file), coherence=2), held)
    shape = {"users": 3, "rx_antennas": 2, "tx_antennas": 4}
    np.testing.assert_array_equal(states(100, file=str(file), **shape), STATES)


@pytest.mark.parametrize("parameters", [{}, {"repeat": True, "coherence": 2}])
def test_a_file_obeys_the_law(file: Path, parameters: dict[str, Any]) -> None:
    check_block(lambda: ChannelStateSource(file=str(file), **parameters), 60)


def test_double_precision_and_fortran_order_are_read(tmp_path: Path) -> None:
    path = tmp_path / "double.npy"
    np.save(path, np.asfortranarray(STATES.astype(">c16")))
    h = states(100, file=str(path))
    assert h.dtype == np.complex64
    assert h.flags.c_contiguous
    np.testing.assert_array_equal(h, STATES)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (STATES.real, "must hold complex numbers, not float32"),
        (STATES[0], r"must hold channel states of shape .*, not \(3, 3, 2, 4\)"),
        (STATES[:, :2], r"must hold channel states of shape .*, not \(7, 2, 3, 2, 4\)"),
        (STATES[:0], r"holds no channel state: its shape is \(0, 3, 3, 2, 4\)"),
        (STATES[..., :0], "must hold channel states of shape"),
        (np.where(np.arange(7)[:, None, None, None, None] < 4, STATES, np.nan), "state 4 of 7"),
        (STATES.astype(complex) * np.where(np.arange(4) == 2, 1e300, 1), "channel state 0 of 7"),
    ],
)
def test_wrong_files_are_refused_before_the_run(
    tmp_path: Path, array: np.ndarray, message: str
) -> None:
    path = tmp_path / "bad.npy"
    np.save(path, array)
    check_refused(str(path), message)


def test_the_first_bad_state_of_a_long_file_is_named(tmp_path: Path) -> None:
    states = np.zeros((300_000, 1, 1, 1, 1), np.complex64)
    states[280_000] = np.inf
    np.save(tmp_path / "long.npy", states)
    check_refused(str(tmp_path / "long.npy"), "first in channel state 280000 of 300000")


def check_refused(path: str, message: str, more: str = "") -> None:
    """The flowgraph with that file is refused, with block, file and line."""
    text = f"""
flowgraph: refused
blocks:
  state: {{block: channel_state_source, file: '{path}'{more}}}
  sink: {{block: null_sink}}
connections: [state -> sink]
"""
    with pytest.raises(FlowgraphError, match=message) as caught:
        Flowgraph.load(text).check()
    assert "state" in str(caught.value)
    assert re.search(r":4:", str(caught.value))


def test_files_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    check_refused(str(tmp_path / "none.npy"), "cannot be read: No such file")
    check_refused(str(tmp_path), "is not a regular file")
    (tmp_path / "text.npy").write_text("hello")
    check_refused(str(tmp_path / "text.npy"), "is not a .npy file that can be read")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    check_refused(str(tmp_path / "objects.npy"), "is not a .npy file that can be read")
    np.save(tmp_path / "cut.npy", STATES)
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-100])
    check_refused(str(tmp_path / "cut.npy"), "is not a .npy file that can be read")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (", users: 2", r"parameter 'users' is 2, but the channel states .* are for 3"),
        (", rx_antennas: 4", r"parameter 'rx_antennas' is 4, but .* are for 2"),
        (", tx_antennas: 2", r"parameter 'tx_antennas' is 2, but .* are for 4"),
        (", doppler: 0.1", "parameter 'doppler' does not go with 'file'"),
        (", fading: rician", "parameter 'fading' does not go with 'file'"),
        (", rx_correlation: 0.1", "parameter 'rx_correlation' does not go with 'file'"),
        (", tx_correlation: 0.1", "parameter 'tx_correlation' does not go with 'file'"),
        (", cross_gain_db: -3", "parameter 'cross_gain_db' does not go with 'file'"),
    ],
)
def test_parameters_that_contradict_the_file_are_refused(
    file: Path, more: str, message: str
) -> None:
    check_refused(str(file), message, more)


def test_parameters_out_of_range() -> None:
    for name, value in (("users", 0), ("rx_correlation", 1.0), ("doppler", -0.1)):
        with pytest.raises(ParameterError, match=name):
            ChannelStateSource(**{name: value})
