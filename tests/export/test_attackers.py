"""The attackers of a run, the opponent who retrains, and phases that runs share."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.export import checkpoint
from semradio.export.data import TrainingData
from semradio.export.fitting import Figures, Opponent, Phase, Schedule, fit
from semradio.export.progress import Event, silent
from semradio.export.recipes.arn.attackers import ATTACKERS
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.evaluate import evaluate
from semradio.export.recipes.arn.report import Report
from semradio.export.recipes.arn.train import load_link, run
from semradio.export.seeds import generator


@pytest.fixture(scope="module")
def everyone(tiny_config: Config) -> Config:
    return dataclasses.replace(tiny_config, attackers=tuple(ATTACKERS), few_epochs=2)


@pytest.fixture(scope="module")
def attacked(
    everyone: Config, tiny_data: TrainingData, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A finished run with every attacker."""
    folder = tmp_path_factory.mktemp("attacked")
    run(everyone, folder, tiny_data)
    return folder


def test_every_attacker_is_measured_and_loaded_as_measured(
    attacked: Path, everyone: Config, tiny_data: TrainingData
) -> None:
    figures = Report.read(attacked).at("heldout", 10.0)
    assert set(figures.attacker_accuracy) == set(ATTACKERS)
    link = load_link(attacked, everyone)
    again = evaluate(link, tiny_data.evaluation["heldout"], 10.0, seed=everyone.seed)
    assert again == figures


def test_who_trains_nothing_leaves_no_checkpoint(attacked: Path) -> None:
    trained = {file.stem for file in attacked.glob("*.pt")}
    assert trained == {"base", "eve", "modules"} | {
        name for name, attacker in ATTACKERS.items() if not attacker.behind_bob
    }


def test_the_fixed_eve_is_not_changed_by_those_who_begin_with_her(
    attacked: Path, finished_run: Path
) -> None:
    one, other = (checkpoint.load(f / "eve.pt")["best"]["eve"] for f in (attacked, finished_run))
    assert all(torch.equal(one[key], other[key]) for key in one)
    tuned = checkpoint.load(attacked / "few_200_eve.pt")["best"]["eve"]
    assert any(not torch.equal(one[key], tuned[key]) for key in one)


def test_few_labels_are_few_and_the_last_epoch_counts(
    everyone: Config, tiny_data: TrainingData, attacked: Path, tmp_path: Path
) -> None:
    # 200 of 360 frames: changing a frame that she does not have changes nothing for her.
    state = checkpoint.load(attacked / "few_200_eve.pt")
    assert state["epoch"] == 2
    last = state["weights"]["eve"]
    assert all(torch.equal(last[key], value) for key, value in state["best"]["eve"].items())
    labels = tiny_data.train.labels.clone()
    labels[250:] = (labels[250:] + 1) % 10
    other = dataclasses.replace(
        tiny_data, train=dataclasses.replace(tiny_data.train, labels=labels)
    )
    for phase in ("base", "eve", "modules"):
        content = checkpoint.load(attacked / f"{phase}.pt")
        content["settings"]["fingerprint"] = other.fingerprint()
        checkpoint.save(tmp_path / f"{phase}.pt", content)
    config = dataclasses.replace(everyone, attackers=("few_200_eve", "adaptive_eve"))
    run(config, tmp_path, other, resume=True)
    for name, equal in (("few_200_eve", True), ("adaptive_eve", False)):
        one, two = (checkpoint.load(f / f"{name}.pt")["best"]["eve"] for f in (attacked, tmp_path))
        assert all(torch.equal(one[key], two[key]) for key in one) is equal, name


def test_a_gradient_attack_trains_bob_alone(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    config = dataclasses.replace(tiny_config, attack="fgsm", psr_db=-5.0)
    figures = run(config, tmp_path, tiny_data).at("heldout", 10.0)
    assert set(checkpoint.load(tmp_path / "modules.pt")["best"]) == {"bob"}
    assert figures.psr_db == pytest.approx(-5.0, abs=0.5)
    assert figures.eve_accuracy < figures.eve_accuracy_unprotected


def test_a_keyed_link_gives_bob_everything_and_eve_other_signals(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    pytest.importorskip("cryptography")
    plain = dataclasses.replace(tiny_config, modules="none", normalisation="frame")
    keyed = dataclasses.replace(plain, keyed=True)
    one = run(plain, tmp_path / "plain", tiny_data).at("heldout", 10.0)
    two = run(keyed, tmp_path / "keyed", tiny_data).at("heldout", 10.0)
    assert two.bob_mse == pytest.approx(one.bob_mse, rel=0.02)
    assert two.bob_mse != one.bob_mse
    assert two.power_protected == pytest.approx(1.0, abs=1e-5)
    assert two.attacker_accuracy != one.attacker_accuracy


def test_runs_that_share_a_folder_train_what_they_have_in_common_once(
    tiny_config: Config, tiny_data: TrainingData, finished_run: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    first = run(tiny_config, tmp_path / "one", tiny_data, shared=shared)
    assert first == Report.read(finished_run)
    assert {file.name.split("-")[0] for file in shared.glob("*.pt")} == {"base", "eve"}
    seen: list[Event] = []
    other = dataclasses.replace(tiny_config, psr_db=-5.0)
    second = run(other, tmp_path / "two", tiny_data, shared=shared, progress=seen.append)
    assert [e.phase for e in seen if e.epoch == 1] == ["modules", "adaptive_eve"]
    alone = run(other, tmp_path / "alone", tiny_data)
    assert second == alone


def test_an_opponent_retrains_and_the_run_continues_bit_for_bit(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    config = dataclasses.replace(tiny_config, opponent="retrained")
    whole = run(config, tmp_path / "whole", tiny_data)

    def stop(event: Event) -> None:
        if (event.phase, event.epoch) == ("modules", 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "cut", tiny_data, progress=stop)
    assert run(config, tmp_path / "cut", tiny_data, resume=True) == whole
    state = checkpoint.load(tmp_path / "whole" / "modules.pt")
    eve = checkpoint.load(tmp_path / "whole" / "eve.pt")["best"]["eve"]
    assert any(not torch.equal(eve[key], state["weights"]["opponent"][key]) for key in eve)


def test_each_side_of_a_game_trains_its_own_weights_only(tmp_path: Path) -> None:
    player, opponent = (torch.nn.Linear(1, 1, bias=False) for _ in range(2))
    for side in (player, opponent):
        torch.nn.init.zeros_(side.weight)
    steps: list[tuple[float, float]] = []

    def loss(index: Any) -> torch.Tensor:
        steps.append((player.weight.item(), opponent.weight.item()))
        return -(player.weight + opponent.weight).sum()

    def validate() -> Figures:
        return {"loss": float(len(steps))}

    phase = Phase(
        name="toy",
        modules={"player": player},
        size=1,
        loss=loss,
        validate=validate,
        generators={"batches": generator(0, "toy")},
        schedule=Schedule(epochs=3, batch_size=1, learning_rate=1.0, patience=1),
        settings={},
        opponent=Opponent(opponent, lambda index: opponent.weight.sum(), 2, 0.25),
    )
    fit(phase, tmp_path / "toy.pt", resume=False, progress=silent)
    # Two steps of 0.25 down before each step of 1 up; the last epoch is kept, not the best.
    assert [player for player, _ in steps] == pytest.approx([0.0, 1.0, 2.0], abs=1e-3)
    assert [opponent for _, opponent in steps] == pytest.approx([-0.5, -1.0, -1.5], abs=1e-3)
    assert player.weight.item() == pytest.approx(3.0, abs=1e-3)
