"""The links over the air: as good as the plain channel at the same SNR, and every frame accounted
for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.flowgraphs import Flowgraph

FRAMES = 5000

DECIBELS = 0.3
"""What the air may cost, in PSNR."""

POINTS = 0.02
"""How far Eve's accuracy may lie from that on the plain channel."""


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a shipped link in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *overrides: str, **options: Any) -> Any:
        given = [f"frames={FRAMES}", "quality.ssim=false", *overrides]
        return Flowgraph.load(name, given).run(**{"processes": False, **options}).results

    return run


def accounted(found: Any, frames: int = FRAMES) -> None:
    """Received and lost are what was sent, for Bob and for Eve, and metrics saw the former."""
    for receiver in ("receive", "eve_receive"):
        assert found[receiver]["frames"] + found[receiver]["lost"] == frames
    for metric, items, receiver in (
        ("quality", "images", "receive"),
        ("leakage", "items", "eve_receive"),
    ):
        assert found[metric][items] == found[receiver]["frames"]
        assert found[metric].get("missing", 0) == found[receiver]["lost"]


@pytest.mark.parametrize("snr_db", [0, 5, 10, 15, 20])
def test_as_good_as_the_plain_channel(link: Any, snr_db: int) -> None:
    """With a carrier that is off, a delay, and 20 ppm of clock."""
    air, plain = (link(name, f"snr_db={snr_db}") for name in ("over_the_air", "arn_link"))
    accounted(air)
    assert air["receive"]["lost"] == air["eve_receive"]["lost"] == 0
    assert air["quality"]["psnr_db"] >= plain["quality"]["psnr_db"] - DECIBELS
    assert abs(air["leakage"]["accuracy"] - plain["leakage"]["accuracy"]) <= POINTS
    assert air["receive"]["snr_db"] == pytest.approx(snr_db, abs=0.4)
    assert air["receive"]["cfo"] == pytest.approx(0.01, abs=1e-4)


def equaliser_loss(taps: list[complex], snr_db: float, sps: int = 4) -> float:
    """Loss in dB of the ideal linear equaliser at symbol rate, for taps of energy 1.

    Its SNR is 1 / MMSE - 1, and the MMSE the mean of 1 / (1 + SNR S) over the symbol rate, S the
    spectrum of the pulses behind the matched filter with what folds into it.
    """
    f = (np.arange(4096) + 0.5) / 4096 - 0.5
    folded = np.zeros_like(f)
    for fold in (-1, 0, 1):
        edge = np.clip((np.abs(f + fold) - 0.325) / 0.35, 0, 1)
        delays = np.arange(len(taps)) / sps
        response = np.exp(-2j * np.pi * np.outer(f + fold, delays)) @ np.array(taps)
        folded += (1 + np.cos(np.pi * edge)) / 2 * np.abs(response) ** 2
    snr = 10 ** (snr_db / 10)
    return float(10 * np.log10(snr / (1 / np.mean(1 / (1 + snr * folded)) - 1)))


@pytest.mark.parametrize("snr_db", [5, 15])
def test_an_echo_costs_what_theory_allows(link: Any, snr_db: int) -> None:
    taps = [1, 0, 0, 0, 0, 0.4j]
    energy = math.sqrt(sum(abs(tap) ** 2 for tap in taps))
    worse = equaliser_loss([tap / energy for tap in taps], snr_db) + 0.6
    air = link("over_the_air", f"snr_db={snr_db}", "taps=[1, 0, 0, 0, 0, 0.4j]")
    accounted(air)
    assert air["receive"]["lost"] == 0
    assert air["receive"]["equalised"] == air["receive"]["bursts"]
    plain = link("arn_link", f"snr_db={snr_db - worse}")
    assert air["quality"]["psnr_db"] >= plain["quality"]["psnr_db"] - 0.02


def test_every_lost_frame_is_accounted_for(link: Any) -> None:
    air = link("over_the_air", "losses=25000", "seed=3", "snr_db=20")
    plain = link("arn_link", "snr_db=20")
    accounted(air)
    assert air["air"]["gaps"] > 0
    # A burst that loses samples is lost whole, and none but those is.
    assert 0 < air["receive"]["lost"] <= 256 * 2 * air["air"]["gaps"]
    # The others are as good as ever: those that came are compared with those that were sent.
    assert air["quality"]["psnr_db"] == pytest.approx(plain["quality"]["psnr_db"], abs=DECIBELS)
    assert abs(air["leakage"]["accuracy"] - plain["leakage"]["accuracy"]) <= 2 * POINTS


def test_what_becomes_of_lost_frames_is_told_and_not_measured(link: Any) -> None:
    """Left out, zeros or repeated: what came is compared with what was sent there."""
    zeros, repeat, skip = (
        link("over_the_air", "frames=2000", "losses=25000", "seed=3", f"lost={policy}")
        for policy in ("zeros", "repeat", "skip")
    )
    for found in (zeros, repeat, skip):
        accounted(found, 2000)
    assert zeros["quality"] == repeat["quality"] == skip["quality"]
    assert zeros["leakage"] == repeat["leakage"] == skip["leakage"]
    assert zeros["loss"] == repeat["loss"] == skip["loss"]


def test_nothing_but_noise_is_nothing_received(link: Any) -> None:
    """Far below what the detector needs: the run ends by itself and calls all frames lost."""
    air = link("over_the_air", "snr_db=-15")
    accounted(air)
    assert air["receive"]["lost"] == air["quality"]["missing"] == FRAMES
    assert air["quality"]["psnr_db"] is None and air["leakage"]["accuracy"] is None


def test_four_processes_receive_the_same(link: Any) -> None:
    one = link("over_the_air", "frames=1000", "losses=30000", "quality.ssim=true")
    four = link(
        "over_the_air", "frames=1000", "losses=30000", "quality.ssim=true", processes=True, chunk=37
    )
    for block in ("air", "receive", "eve_air", "eve_receive"):
        assert four[block] == one[block]
    assert four["leakage"]["confusion"] == one["leakage"]["confusion"]
    assert four["quality"]["mse"] == pytest.approx(one["quality"]["mse"], rel=1e-6)


@pytest.fixture
def key(link: Any) -> str:
    """A key in the present folder; gives the override that leads to it."""
    Path("link.key").write_text("5a" * 32)
    Path("link.key").chmod(0o600)
    return "keys=file:link.key"


@pytest.mark.parametrize("lost", [[], ["losses=25000", "seed=3"]])
def test_the_key_works_over_the_air(link: Any, key: str, lost: list[str]) -> None:
    """Also behind lost bursts: frames are counted, not told."""
    # No two runs with one key in one session.
    air = link("over_the_air_keyed", key, f"session=air{len(lost)}", "snr_db=10", *lost)
    plain = link("keyed_link", key, f"session=plain{len(lost)}", "snr_db=10")
    accounted(air)
    assert (air["receive"]["lost"] > 0) == bool(lost)
    assert air["quality"]["psnr_db"] >= plain["quality"]["psnr_db"] - DECIBELS
    assert air["leakage"]["accuracy"] < 0.15


def test_record_and_play(link: Any) -> None:
    pytest.importorskip("sigmf")
    recorded = Flowgraph.load("record", ["frames=600"]).run().results["record"]
    # Four bytes for each sample.
    assert Path("digits.sigmf-data").stat().st_size == 4 * recorded["items"]
    found = link("play", "frames=600")
    plain = link("arn_link", "frames=600", "snr_db=10")
    assert found["receive"]["frames"] == found["quality"]["images"] == 600
    assert found["quality"]["psnr_db"] == pytest.approx(plain["quality"]["psnr_db"], abs=DECIBELS)
    assert Path("digits.png").is_file()
