"""The shipped secure link: what it must show, however it is run.

Measured on the embedded 5000 held-out images, or on all 10,000 where the full data set is found.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs import Flowgraph

FLOATS = {
    "quality": ("mse", "psnr_db", "ssim_global", "ssim_gauss11"),
    "leakage": ("confidence",),
    "power": ("psr_db", "reference_power", "modified_power"),
}


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs the link in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*overrides: str, **options: Any) -> Any:
        return Flowgraph.load("arn_link", overrides).run(**options)

    return run


def test_the_protected_link_fools_a_fixed_eve_and_serves_bob(link: Any) -> None:
    protected, plain = link("snr_db=10"), link("snr_db=10", "protect=false")
    assert protected["leakage"]["accuracy"] <= 0.60
    assert protected["quality"]["mse"] <= 0.0235
    assert protected["quality"]["mse"] <= 1.05 * plain["quality"]["mse"]
    assert abs(protected["power"]["psr_db"] + 10) <= 0.5
    assert plain["leakage"]["accuracy"] >= 0.93
    assert plain["power"]["psr_db"] is None
    # Measured beside it, always: the protection buys no extra transmit power.
    assert abs(protected["power"]["power_gain_db"]) < 0.5


def test_an_eve_who_has_retrained_is_not_fooled(link: Any) -> None:
    assert link("attacker=adaptive_eve")["leakage"]["accuracy"] >= 0.88


@pytest.mark.parametrize(
    ("attacker", "lowest", "highest"),
    [
        ("big_eve", 0.5, 0.7),
        ("few_200_eve", 0.82, 0.93),
        ("stolen_bob_eve", 0.86, 0.95),
        ("big_adaptive_eve", 0.92, 0.97),
        ("ensemble_eve", 0.9, 0.96),
    ],
)
def test_every_shipped_attacker_reads_what_the_study_says(
    link: Any, attacker: str, lowest: float, highest: float
) -> None:
    run = link(f"attacker={attacker}", "quality.ssim=false", processes=False)
    assert lowest <= run["leakage"]["accuracy"] <= highest


def test_the_gradient_attack_fools_eve_more_and_costs_bob_more(
    link: Any,
) -> None:
    ours = link("quality.ssim=false", processes=False)
    fgsm = Flowgraph.load("arn_fgsm", ["quality.ssim=false"]).run()
    assert fgsm["power"]["psr_db"] == pytest.approx(-10.0, abs=0.1)
    assert 0.30 <= fgsm["leakage"]["accuracy"] <= 0.48
    assert fgsm["leakage"]["accuracy"] < ours["leakage"]["accuracy"]
    assert fgsm["quality"]["mse"] > 1.1 * ours["quality"]["mse"]
    bare = Flowgraph.load("arn_fgsm", ["restore=false", "quality.ssim=false"]).run(processes=False)
    assert bare["quality"]["mse"] > 1.08 * fgsm["quality"]["mse"]


def test_models_may_be_a_folder(link: Any, tmp_path: Path) -> None:
    for name in ("encoder", "alice", "bob", "decoder", "eve"):
        shutil.copy(find_model(f"arn/{name}"), tmp_path / f"{name}.onnx")
    options = ["frames=500", "quality.ssim=false"]
    named = link(*options, processes=False)
    assert link(*options, f"models={tmp_path}", processes=False).results == named.results


def test_bobs_module_is_what_repairs_the_picture(link: Any) -> None:
    off = link("bob.enabled=false", processes=False)["quality"]["mse"]
    assert off >= 1.15 * link(processes=False)["quality"]["mse"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("reference")
    overrides = ["frames=2000", f"picture={folder / 'sheet.png'}"]
    result = Flowgraph.load("arn_link", overrides).run(processes=False, chunk=64)
    return result, (folder / "sheet.png").read_bytes()


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
@pytest.mark.parametrize("how", ["one process", "ipc", "tcp"])
def test_every_way_to_run_gives_the_same(
    link: Any, reference: Any, tmp_path: Path, how: str, chunk: int
) -> None:
    options: Any = {"processes": False} if how == "one process" else {"transport": how}
    result = link("frames=2000", chunk=chunk, **options)
    expected, sheet = reference
    for block, keys in FLOATS.items():
        for key in keys:
            assert result[block][key] == pytest.approx(expected[block][key], rel=1e-6, abs=1e-6)
    for key in ("items", "accuracy", "confusion"):
        assert result["leakage"][key] == expected["leakage"][key]
    assert result["quality"]["images"] == 2000
    for counts in result.edges.values():
        assert (counts["items"], counts["dropped"]) == (2000, 0)
    assert (tmp_path / "arn_link.png").read_bytes()[:4] == sheet[:4]


NOISE = """
flowgraph: noise
blocks:
  zeros: {block: null_source, type: "float32[23]", items: 5000}
  air: {block: awgn_channel, snr_db: 10, seed: 1}
  eve_air: {block: awgn_channel, snr_db: 10, seed: 1}
  bob: {block: vector_sink, limit: 5000}
  eve: {block: vector_sink, limit: 5000}
connections: [zeros -> air -> bob, zeros -> eve_air -> eve]
processes: {a: [zeros], b: [air, eve_air], c: [bob, eve]}
"""


def test_the_noise_is_the_same_to_the_bit_and_differs_between_channels() -> None:
    results = [
        Flowgraph.load(NOISE).run(**options).results
        for options in (
            {"processes": False, "chunk": 1},
            {"processes": False, "chunk": 1000},
            {"transport": "ipc", "chunk": 7},
            {"transport": "tcp", "chunk": 64},
        )
    ]
    for other in results[1:]:
        assert other["bob"]["data"] == results[0]["bob"]["data"]
        assert other["eve"]["data"] == results[0]["eve"]["data"]
    bob, eve = (np.array(results[0][name]["data"]) for name in ("bob", "eve"))
    assert abs(np.corrcoef(bob.ravel(), eve.ravel())[0, 1]) < 0.02
    # E||n||^2 is a tenth of the stated signal power 1.
    assert np.sum(bob**2, axis=1).mean() == pytest.approx(0.1, rel=0.02)


@pytest.mark.slow
def test_a_million_frames_in_bounded_memory(link: Any) -> None:
    early: dict[str, int] = {}

    def watch(processes: Any) -> None:
        for name, shown in processes.items():
            if max(shown["items"].values()) >= 50_000:
                early.setdefault(name, shown["rss_bytes"])

    flowgraph = Flowgraph.load(
        "arn_link", ["source.repeat=true", "frames=1000000", "quality.ssim=false"]
    )
    result = flowgraph.run(chunk=256, on_progress=watch)
    for label, counts in result.edges.items():
        assert (counts["items"], counts["dropped"]) == (1_000_000, 0), label
    assert set(early) == {"alice", "air", "bob", "eve"}
    for name, process in result.processes.items():
        assert process["rss_bytes"] <= 1.1 * early[name], name
