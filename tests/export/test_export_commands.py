"""What the command line calls: settings as text, recipes by name, export, life without torch."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from semradio.blocks.errors import ModelError, ParameterError, SemradioError
from semradio.export import commands
from semradio.export.recipes import recipe_named, recipes
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.settings import parse_overrides, with_overrides

TORCH = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs torch: pip install 'semradio[train]'"
)


def test_settings_are_given_as_text() -> None:
    words = parse_overrides(
        [
            "psr_db=-20",
            "eve_snr_db=none",
            "scenario = black",
            "base_epochs=3",
            "evaluation_snr_db=0, 7.5",
            "train_images=5000",
            "modules=none",
            "attackers=none",
        ]
    )
    config = with_overrides(Config(), words)
    assert config.psr_db == -20.0
    assert config.eve_snr_db is None
    assert config.scenario == "black"
    assert config.base_epochs == 3
    assert config.evaluation_snr_db == (0.0, 7.5)
    assert config.train_images == 5000
    assert config.modules == "none"
    assert config.attackers == ()
    assert config.seed == Config().seed


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("psr=-20", r"no setting 'psr' \(did you mean 'psr_db'\?\); settings: seed, "),
        ("psr_db=loud", r"setting 'psr_db=loud': .*float"),
        ("psr_db=none", "setting 'psr_db=none'"),
        ("psr_db=-200", "'psr_db' must be -60 to 20 dB, not -200.0"),
        ("scenario=grey", "setting 'scenario=grey'"),
        ("base_epochs=2.5", "setting 'base_epochs=2.5'"),
        ("base_epochs=0", "'base_epochs' must be at least 1, not 0"),
        ("attackers=adaptive", r"no attacker 'adaptive' \(did you mean 'adaptive_eve'\?\)"),
        ("attackers=reconstruct_bob_eve", "uses the classifier of 'reconstruct_eve': name it too"),
        ("base_rate=nan", "'base_rate' must be at least 0, not nan"),
        ("power_weight", "'power_weight' is not NAME=VALUE"),
    ],
)
def test_a_wrong_setting_is_named(word: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=message):
        commands.train("arn", tmp_path, overrides=[word])


def test_an_unknown_recipe_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no recipe 'arm' \(did you mean 'arn'\?\)"):
        commands.train("arm", tmp_path)


@pytest.mark.parametrize("name", recipes())
def test_every_setting_of_a_recipe_is_documented(name: str) -> None:
    recipe = recipe_named(name)
    assert len(recipe.summary) > 80
    options = recipe.options()
    names = {option.name for option in options}
    assert {"seed", "train_images"} <= names
    assert names & {"dataset", "datasets"}
    for option in options:
        assert len(option.doc) > 10, option.name
        assert option.unit == {"_db": "dB", "_up": "steps"}.get(option.name[-3:], ""), option.name


def test_quick_settings_are_the_full_ones_with_less_work() -> None:
    quick, full = Config.quick(), Config()
    assert quick.train_images == 10_000
    for name in ("base_epochs", "eve_epochs", "module_epochs"):
        assert getattr(quick, name) < getattr(full, name)
    for name in ("scenario", "modules", "psr_db", "snr_db", "eve_snr_db", "privacy_weight"):
        assert getattr(quick, name) == getattr(full, name)


def test_the_weights_of_eq_19_are_the_paper_s() -> None:
    config = Config()
    weights = (config.power_weight, config.communication_weight, config.privacy_weight)
    assert weights == (0.1, 0.5, 0.01)


def test_seed_and_quick_and_overrides_reach_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")
    from semradio.export.recipes.arn import train as recipe

    seen: list[tuple[Any, ...]] = []

    def run(config: Config, out: Path, *, resume: bool, progress: Any) -> str:
        seen.append((config, out, resume))
        return "report"

    monkeypatch.setattr(recipe, "run", run)
    report = commands.train(
        "arn",
        tmp_path,
        seed=4,
        overrides=["base_epochs=2"],
        resume=True,
        quick=True,
        quiet=True,
    )
    assert report == "report"
    ((config, out, resume),) = seen
    assert (config.seed, config.base_epochs, config.train_images) == (4, 2, 10_000)
    assert (out, resume) == (tmp_path, True)


def test_a_variant_changes_the_settings_it_names_and_words_win_over_it() -> None:
    recipe = recipe_named("arn")
    config = recipe.config("black-5", seed=3)
    assert isinstance(config, Config)
    assert (config.scenario, config.psr_db, config.seed) == ("black", -5.0, 3)
    assert config.base_epochs == Config().base_epochs
    with pytest.raises(ParameterError, match=r"no variant 'black-6' \(did you mean 'black-"):
        recipe.config("black-6")
    for name in recipe.variants():
        assert recipe.config(name, quick=True) != recipe.config(), name


@TORCH
def test_a_finished_run_becomes_files_with_cards(finished_run: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="needs onnxscript: pip install 'semradio[train]'")
    from semradio.blocks.neural.model_file import read_card

    written = commands.export(finished_run, tmp_path / "zoo")
    names = ["encoder", "decoder", "eve", "alice", "bob", "adaptive_eve"]
    assert [path.name for path in written] == [f"{name}.onnx" for name in names]
    assert sorted((tmp_path / "zoo").iterdir()) == sorted(written)
    for name, path in zip(names, written, strict=True):
        card = read_card(path)
        assert card is not None
        assert card.name == f"arn/{name}"
        assert card.dataset == "patches"
        assert card.split.endswith("360 images trained, 40 validated; measured on heldout (100)")
        assert {"heldout.eve_accuracy", "heldout.adaptive_eve.accuracy"} <= card.metrics.keys()


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no finished run: no report\.json"):
        commands.export(tmp_path, tmp_path / "zoo")
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(ModelError, match=r"report\.json cannot be read"):
        commands.export(tmp_path, tmp_path / "zoo")


def test_without_torch_training_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "report.json").write_text('{"recipe": "arn"}')
    for command in (
        lambda: commands.train("arn", tmp_path / "run"),
        lambda: commands.export(tmp_path, tmp_path / "zoo"),
    ):
        with pytest.raises(SemradioError, match=r'torch.*pip install "semradio\[train\]"'):
            command()
    assert not (tmp_path / "run").exists()


def test_the_package_and_its_settings_need_no_torch() -> None:
    program = """
import sys
import semradio.export, semradio.export.zoo, semradio.export.zoo.arn, semradio.export.commands
for recipe in semradio.export.commands.describe().values():
    recipe.config_class()()
    recipe.options()
sys.exit(bool({"torch", "onnx"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
