"""Training: exact continuation, early stopping, what each scenario trains, what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.blocks.errors import ModelError, ParameterError, SemradioError
from semradio.export import checkpoint
from semradio.export.data import TrainingData
from semradio.export.fitting import Figures, Phase, Schedule, fit
from semradio.export.progress import Event, as_text, silent
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.report import Report
from semradio.export.recipes.arn.train import load_link, run
from semradio.export.seeds import generator


class Interruption(BaseException):
    """Stands for Ctrl-C, a power cut or a full queue."""


def interrupt_after(phase: str, epoch: int) -> Any:
    def progress(event: Event) -> None:
        if (event.phase, event.epoch) == (phase, epoch):
            raise Interruption

    return progress


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize(
    "stop",
    [("base", 2), ("eve", 1), ("eve", 3), ("modules", 2), ("adaptive_eve", 1)],
    ids=lambda stop: f"{stop[0]}-{stop[1]}",
)
def test_an_interrupted_run_continues_bit_for_bit(
    stop: tuple[str, int],
    finished_run: Path,
    tiny_config: Config,
    tiny_data: TrainingData,
    tmp_path: Path,
) -> None:
    with pytest.raises(Interruption):
        run(tiny_config, tmp_path, tiny_data, progress=interrupt_after(*stop))
    assert not (tmp_path / "report.json").exists()
    report = run(tiny_config, tmp_path, tiny_data, resume=True)
    assert report == Report.read(finished_run)
    for file in finished_run.glob("*.pt"):
        assert same(checkpoint.load(tmp_path / file.name), checkpoint.load(file)), file.name


def test_finished_phases_are_not_trained_again(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData
) -> None:
    seen: list[Event] = []
    run(tiny_config, finished_run, tiny_data, resume=True, progress=seen.append)
    assert [(event.phase, event.epoch, event.finished) for event in seen] == [
        (phase, 3, True) for phase in ("base", "eve", "modules", "adaptive_eve")
    ]


def test_another_seed_is_another_run(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    other = dataclasses.replace(tiny_config, seed=1)
    assert run(other, tmp_path, tiny_data).figures != Report.read(finished_run).figures


def test_later_settings_leave_earlier_phases_as_they_were(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    run(dataclasses.replace(tiny_config, psr_db=-5.0), tmp_path, tiny_data)
    for phase, equal in (("base", True), ("eve", True), ("modules", False)):
        one, other = (
            checkpoint.load(folder / f"{phase}.pt")["best"] for folder in (tmp_path, finished_run)
        )
        assert same(one, other) is equal, phase


def test_training_leaves_the_global_random_state_alone(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run(tiny_config, tmp_path, tiny_data)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_loaded_link_is_the_best_epoch_and_the_base_is_frozen(
    finished_run: Path, tiny_config: Config
) -> None:
    link = load_link(finished_run, tiny_config)
    best = checkpoint.load(finished_run / "base.pt")["best"]
    assert same(dict(link.transmitter.state_dict()), dict(best["transmitter"]))
    assert not link.transmitter.training
    scale = link.transmitter.power_normalisation.scale
    assert float(scale) not in {0.0, 1.0}


def test_black_box_trains_against_a_substitute(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    report = run(dataclasses.replace(tiny_config, scenario="black"), tmp_path, tiny_data)
    weights = checkpoint.load(tmp_path / "substitute.pt")["best"]["eve"]
    assert [tuple(w.shape) for w in weights.values()] == [(16, 23), (16,), (10, 16), (10,)]
    assert not (finished_run / "substitute.pt").exists()
    assert report.at("heldout", 10.0) != Report.read(finished_run).at("heldout", 10.0)


def test_bob_alone_has_no_attack(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    report = run(dataclasses.replace(tiny_config, modules="bob"), tmp_path, tiny_data)
    figures = report.at("heldout", 10.0)
    assert figures.psr_db is None
    assert figures.attacker_accuracy["adaptive_eve"] != figures.eve_accuracy
    assert figures.eve_accuracy == figures.eve_accuracy_unprotected
    assert figures.power == figures.power_protected
    assert figures.bob_mse != figures.bob_mse_unprotected == figures.bob_mse_without_bob


def test_alice_alone_has_no_module_at_bob(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    report = run(dataclasses.replace(tiny_config, modules="alice"), tmp_path, tiny_data)
    figures = report.at("heldout", 10.0)
    assert set(checkpoint.load(tmp_path / "modules.pt")["best"]) == {"alice"}
    assert figures.bob_mse == figures.bob_mse_without_bob
    assert figures.psr_db is not None


def test_a_noise_free_eve_differs(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    run(dataclasses.replace(tiny_config, eve_snr_db=None), tmp_path, tiny_data)
    one, other = (checkpoint.load(folder / "eve.pt") for folder in (tmp_path, finished_run))
    assert not same(one["best"], other["best"])


def test_a_report_as_text_names_the_eves_that_protection_does_not_stop(
    finished_run: Path,
) -> None:
    report = Report.read(finished_run)
    figures, text = report.at("heldout", 10.0), str(report)
    lines = [line.split() for line in text.splitlines()]
    for words, value in (
        ("Bob's MSE as trained", f"{figures.bob_mse:.4f}"),
        ("Eve's accuracy, fixed classifier", f"{figures.eve_accuracy:.3f}"),
        ("adaptive_eve", f"{figures.attacker_accuracy['adaptive_eve']:.3f}"),
    ):
        assert [*words.split(), value] in lines, words


def test_a_report_has_only_what_was_measured(finished_run: Path) -> None:
    with pytest.raises(ParameterError, match=r"not measured on 'heldout' at 3\.0 dB"):
        Report.read(finished_run).at("heldout", 3.0)


def test_a_folder_that_cannot_be_made_is_told(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match=r"cannot write the run folder .*file/run: Not a dir"):
        run(tiny_config, tmp_path / "file" / "run", tiny_data)


def test_a_folder_with_a_run_is_not_overwritten(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData
) -> None:
    with pytest.raises(ParameterError, match="already holds a run"):
        run(tiny_config, finished_run, tiny_data)


def test_other_settings_do_not_continue_a_run(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData
) -> None:
    with pytest.raises(ParameterError, match=r"base.pt.*snr_db 10.0 there, 5.0 now"):
        run(dataclasses.replace(tiny_config, snr_db=5.0), finished_run, tiny_data, resume=True)


def test_other_images_do_not_continue_a_run(
    finished_run: Path, tiny_config: Config, tiny_data: TrainingData
) -> None:
    other = dataclasses.replace(tiny_data, train=tiny_data.validation)
    with pytest.raises(ParameterError, match="fingerprint"):
        run(tiny_config, finished_run, other, resume=True)


def test_a_damaged_checkpoint_is_named(
    tiny_config: Config, tiny_data: TrainingData, tmp_path: Path
) -> None:
    (tmp_path / "base.pt").write_bytes(b"half of a file")
    with pytest.raises(ModelError, match=r"base\.pt is not a checkpoint"):
        run(tiny_config, tmp_path, tiny_data, resume=True)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    trace = tmp_path / "executed"

    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (trace,))

    path = tmp_path / "evil.pt"
    torch.save({"format": checkpoint.FORMAT, "weights": Payload()}, path)
    with pytest.raises(ModelError, match="not a checkpoint"):
        checkpoint.load(path)
    assert not trace.exists()


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.pt"
    checkpoint.save(path, {"epoch": 1})

    def fail(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        checkpoint.save(path, {"epoch": 2})
    assert checkpoint.load(path)["epoch"] == 1
    assert list(tmp_path.iterdir()) == [path]


def toy_phase(losses: list[float], schedule: Schedule) -> tuple[Phase, torch.nn.Linear]:
    """A phase whose weight counts its steps and whose validation losses are given."""
    module = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(module.weight)
    remaining = iter(losses)

    def validate() -> Figures:
        return {"loss": next(remaining)}

    phase = Phase(
        name="toy",
        modules={"toy": module},
        size=4,
        loss=lambda index: -module(torch.ones(len(index), 1)).mean(),
        validate=validate,
        generators={"batches": generator(0, "toy")},
        schedule=schedule,
        settings={},
    )
    return phase, module


def test_training_stops_after_waiting_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    schedule = Schedule(epochs=9, batch_size=4, learning_rate=1.0, patience=2)
    phase, module = toy_phase([3.0, 1.0, 2.0, 1.5, 0.1], schedule)
    history = fit(phase, tmp_path / "toy.pt", resume=False, progress=silent)
    assert [figures["loss"] for figures in history] == [3.0, 1.0, 2.0, 1.5]
    # Adam moves by the learning rate in each of its first steps on a constant gradient.
    assert module.weight.item() == pytest.approx(2.0, abs=1e-3)
    assert not module.training


def test_without_patience_all_epochs_are_trained(tmp_path: Path) -> None:
    schedule = Schedule(epochs=4, batch_size=4, learning_rate=1.0)
    phase, module = toy_phase([1.0, 2.0, 3.0, 4.0], schedule)
    assert len(fit(phase, tmp_path / "toy.pt", resume=False, progress=silent)) == 4
    assert module.weight.item() == pytest.approx(1.0, abs=1e-3)


def test_a_loss_that_is_not_a_number_stops_with_advice(tmp_path: Path) -> None:
    phase, module = toy_phase([1.0], Schedule(epochs=1, batch_size=4, learning_rate=1.0))
    torch.nn.init.constant_(module.weight, float("nan"))
    with pytest.raises(SemradioError, match=r"'toy' failed.*epoch 1.*learning rate"):
        fit(phase, tmp_path / "toy.pt", resume=False, progress=silent)


def test_layers_that_drop_features_continue_bit_for_bit(tmp_path: Path) -> None:
    def phase() -> Phase:
        linear = torch.nn.Linear(8, 1, bias=False)
        torch.nn.init.ones_(linear.weight)
        module = torch.nn.Sequential(torch.nn.Dropout(), linear)
        made, _ = toy_phase([3.0, 2.0, 1.0], Schedule(epochs=3, batch_size=2, learning_rate=0.1))
        return dataclasses.replace(
            made,
            modules={"toy": module},
            loss=lambda index: module(torch.ones(len(index), 8)).mean(),
        )

    path = tmp_path / "toy.pt"
    fit(phase(), path, resume=False, progress=silent)
    whole = checkpoint.load(path)["best"]
    path.unlink()
    first, second = phase(), phase()
    before = torch.get_rng_state()
    with pytest.raises(Interruption):
        fit(first, path, resume=False, progress=interrupt_after("toy", 1))
    fit(second, path, resume=True, progress=silent)
    assert same(checkpoint.load(path)["best"], whole)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_cosine_rate_falls_from_full_to_nothing() -> None:
    schedule = Schedule(epochs=10, batch_size=1, learning_rate=0.5, decay="cosine")
    rates = [schedule.rate(step, 4) for step in range(41)]
    assert rates[0] == 0.5
    assert rates[20] == pytest.approx(0.25)
    assert rates[40] == pytest.approx(0.0, abs=1e-12)
    assert rates == sorted(rates, reverse=True)
    constant = dataclasses.replace(schedule, decay="constant")
    assert {constant.rate(step, 4) for step in range(41)} == {0.5}


def test_an_event_reads_as_a_line() -> None:
    assert as_text(Event("base", 3, 30, {"loss": 0.04123})) == "base 3/30 loss=0.04123"
