"""The shipped models of the interference channel: what they are, and what they must show.

On the embedded digits for all users; with the full data sets on all 10,000 test images of each,
within the bands of a faithful reproduction.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.datasets import load
from semradio.blocks.errors import DatasetError
from semradio.blocks.metrics.image_quality import ImageQuality
from semradio.blocks.mimo.channel_state_source import ChannelStateSource
from semradio.blocks.mimo.mimo_interference_channel import MimoInterferenceChannel
from semradio.blocks.neural.irsc_receiver import IrscReceiver
from semradio.blocks.neural.irsc_transmitter import IrscTransmitter
from semradio.blocks.neural.model_file import read_card
from semradio.flowgraphs import Flowgraph

ZOO = Path(str(files("semradio.export.zoo.irsc")))
MIXED = (
    *("csir", "csitr", "csi_free", "csir_pilots", "lmmse", "tdma", "csir_lmmse"),
    *("csir_lmmse_pilots", "semi_trained_1", "semi_trained_2"),
    *("interference_free", "interference_free_1", "interference_free_1_short"),
)
ALL_DIGITS = {f"{scheme}_mnist_{k}": k for scheme in ("csir", "csitr") for k in (1, 2, 3, 5)}
USERS = {**dict.fromkeys(MIXED, 2), **ALL_DIGITS}


def test_the_zoo_holds_these_models_and_no_others() -> None:
    assert {path.name for path in ZOO.iterdir() if path.is_dir() and path.name[0] != "_"} == set(
        USERS
    )


@pytest.mark.parametrize("variant", USERS)
def test_a_card_says_what_its_model_is(variant: str) -> None:
    users = USERS[variant]
    names = {f"{end}_{k + 1}" for end in ("transmitter", "receiver") for k in range(users)}
    assert {path.stem for path in (ZOO / variant).glob("*.onnx*")} == names
    for name in names:
        card = read_card(ZOO / variant / f"{name}.onnx")
        assert card is not None
        end, number = name.split("_")
        assert (card.name, card.role) == (f"irsc/{variant}/{name}", f"irsc_{end}")
        assert (card.users, card.user, card.seed) == (users, int(number) - 1, 0)
        digits = variant in ALL_DIGITS or number == "1"
        assert card.dataset == ("mnist" if digits else "fashion-mnist")
        assert card.parity["x" if end == "transmitter" else "image_before_rounding"] <= 1e-5
        assert card.metrics["test.ssim_global_at_0_dB"] > 0.6
        knows = {"csitr": {"h"}}.get(variant.split("_mnist", maxsplit=1)[0], set())
        if end == "transmitter":
            assert set(card.inputs) == {"image", *knows}


def test_the_zoo_runs_without_torch() -> None:
    code = """
import sys
sys.modules["torch"] = None
from semradio.flowgraphs import Flowgraph
words = ["datasets=[mnist]", "split=heldout", "frames=20", "scheme=csir"]
print(Flowgraph.load("irsc_link", words).run()["quality[0]"]["images"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "20", done.stderr


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures go where they are forgotten."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("scheme", "users", "lowest"), [("csir", 2, 0.70), ("csitr", 3, 0.64)])
def test_digits_arrive_at_all_users(scheme: str, users: int, lowest: float) -> None:
    words = [f"scheme={scheme}", f"users={users}", "datasets=[mnist]", "split=heldout"]
    results = Flowgraph.load("irsc_link", [*words, "frames=2000", "snr_db=15"]).run()
    assert all(results[f"quality[{k}]"]["ssim_global"] >= lowest for k in range(users))


@cache
def ssim(scheme: str, snr_db: float, *words: str) -> tuple[float, ...]:
    """SSIM of each user over all test images."""
    try:
        for name in ("mnist", "fashion-mnist"):
            load(name, "test")
    except DatasetError:
        pytest.skip("needs the test images: semradio data fetch mnist, ... fetch fashion-mnist")
    flowgraph = Flowgraph.load("irsc_link", [f"scheme={scheme}", f"snr_db={snr_db}", *words])
    # In one process, which gives what many give to the last bit, at a quarter of the cost.
    results = flowgraph.run(processes=False).results
    users = [block for block in results if block.startswith("quality")]
    assert all(results[user]["images"] == 10_000 for user in users)
    return tuple(results[user]["ssim_global"] for user in users)


@pytest.mark.parametrize(
    ("scheme", "snr_db", "first", "second"),
    [
        ("csir", 0, (0.745, 0.785), (0.805, 0.845)),
        ("csir", 20, (0.793, 0.833), (0.842, 0.882)),
        ("interference_free", 0, (0.92, 1.0), (0.92, 1.0)),
        ("semi_plugin_2", 20, (0.4, 0.75), (0.4, 0.75)),
        ("semi_trained_2", 0, (0.85, 1.0), (0.86, 1.0)),
        ("csir_lmmse", 0, (0.88, 1.0), (0.875, 1.0)),
        ("csir_lmmse", 20, (0.94, 1.0), (0.91, 1.0)),
    ],
)
def test_a_scheme_lies_within_its_band(
    scheme: str, snr_db: float, first: tuple[float, float], second: tuple[float, float]
) -> None:
    found = ssim(scheme, snr_db)
    for value, (low, high) in zip(found, (first, second), strict=True):
        assert low <= value <= high


def test_the_best_receiver_learns_the_channel_from_pilots() -> None:
    one, other = ssim("csir_lmmse_pilots", 0, "csi=orthogonal")
    assert one >= 0.82
    assert other >= 0.84


def test_knowing_the_channel_helps_at_low_snr() -> None:
    for snr_db, gain in ((-5, 0.02), (0, 0.01)):
        for known, blind in zip(ssim("csir", snr_db), ssim("csi_free", snr_db), strict=True):
            assert known - blind >= gain


def test_the_channel_at_the_transmitters_too_changes_little_for_plain_networks() -> None:
    for snr_db in (-5, 0, 20):
        for one, other in zip(ssim("csitr", snr_db), ssim("csir", snr_db), strict=True):
            assert abs(one - other) <= 0.035


def test_a_filter_beats_a_plain_network() -> None:
    one, other = (a - b for a, b in zip(ssim("lmmse", 0), ssim("csir", 0), strict=True))
    assert one >= 0.08
    assert other >= 0.03


def test_aligned_interference_leaves_the_bound_at_high_snr() -> None:
    bound, own = ssim("interference_free", 0), ssim("interference_free_1", 0)
    for found, one, other in zip(ssim("semi_plugin_1", 20), own, bound, strict=True):
        assert abs(found - one) <= 0.015
        assert abs(found - other) <= 0.05


def test_where_the_plain_network_beats_alignment_depends_on_what_is_plugged_in() -> None:
    low, high = ssim("csir", -5), ssim("csir", 10)
    short_low, short_high = ssim("semi_plugin_1_short", -5), ssim("semi_plugin_1_short", 10)
    assert low[0] - short_low[0] >= 0.01
    assert low[1] - short_low[1] >= 0.04
    assert short_high[0] - high[0] >= 0.05
    assert short_high[1] - high[1] >= 0.02
    # The same with more width and training wins for user 1 at low SNR as well.
    assert ssim("semi_plugin_1", -5)[0] > low[0]


@pytest.mark.parametrize("scheme", ["csir", "csitr"])
@pytest.mark.parametrize("snr_db", [0, 15])
def test_quality_falls_with_every_user(scheme: str, snr_db: float) -> None:
    means = []
    for users in (1, 2, 3, 5):
        found = ssim(scheme, snr_db, f"users={users}", "datasets=[mnist]")
        means.append(sum(found) / users)
    assert all(more - fewer >= 0.01 for more, fewer in pairwise(means))


@cache
def links(scheme: str, frames: int = 4_000) -> tuple[Any, ...]:
    """Images, what the receivers get of them at 15 dB, and the channel, as plain arrays."""
    try:
        images = [load(name, "test").images[:frames] for name in ("mnist", "fashion-mnist")]
    except DatasetError:
        pytest.skip("needs the test images: semradio data fetch mnist, ... fetch fashion-mnist")
    h = ChannelStateSource(users=2, seed=3)(frames)
    sent = [
        IrscTransmitter(model=f"irsc/{scheme}/transmitter_{k + 1}", user=k)(images[k], h)
        for k in range(2)
    ]
    return images, MimoInterferenceChannel(users=2, snr_db=15.0, seed=4)(*sent, h), h


def read(scheme: str, swapped: str) -> list[float]:
    """SSIM of each user where receivers take other channels for the direct or crossing ones."""
    images, received, h = links(scheme)
    other = ChannelStateSource(users=2, seed=5)(len(h))
    direct = np.eye(2, dtype=bool)[:, :, None, None]
    told = {"nothing": h, "direct": np.where(direct, other, h), "cross": np.where(direct, h, other)}
    return [
        ImageQuality(ssim=False)(
            images[k],
            IrscReceiver(model=f"irsc/{scheme}/receiver_{k + 1}", user=k, snr_db=15.0)(
                received[k], told[swapped]
            ),
        )["ssim_global"]
        for k in range(2)
    ]


def test_a_plain_network_does_not_use_the_interfering_channels_and_the_filter_does() -> None:
    for known, cross, direct in zip(
        *(read("csir", s) for s in ("nothing", "cross", "direct")), strict=True
    ):
        assert abs(known - cross) <= 0.01
        assert known - direct >= 0.1
    for known, cross in zip(*(read("csir_lmmse", s) for s in ("nothing", "cross")), strict=True):
        assert known - cross >= 0.04
