"""The files of a new system: a network, its recipe, a flowgraph, and a package around them."""

from __future__ import annotations

from string import Template

_TEXTS = {
    "pyproject.toml": """[build-system]
requires = ["setuptools >= 77"]
build-backend = "setuptools.build_meta"

[project]
name = "$dashed-system"
version = "0.1.0"
description = "The system $name for semradio"
dependencies = ["semradio"]

[project.entry-points."semradio.systems"]
$name = "${name}_system.link"

[project.entry-points."semradio.recipes"]
$name = "${name}_system.recipe"

[tool.setuptools]
packages = ["${name}_system", "${name}_system.link", "${name}_system.recipe"]

[tool.setuptools.package-data]
"${name}_system.link" = ["*.yml"]

[tool.ruff]
line-length = 100

[tool.pytest.ini_options]
pythonpath = ["."]
""",
    "README.md": """# `$name`

A relay that sends on what it receives, with a gain that is learnt from examples.

```sh
pip install -e .                       # 'train' and 'run' then find it
semradio train $name --quick --out runs/first
semradio export runs/first --out models/$name
SEMRADIO_MODELS=models semradio run ${name}_link
python -m pytest -q
```

What to change: the network in `${name}_system/recipe/network.py`, what it learns in `train.py`, its
settings in `config.py`, the model card in `deploy.py`, and the link in
`${name}_system/link/${name}_link.yml`.
""",
    "${name}_system/__init__.py": '''"""The system ``$name``: a link, and its network."""
''',
    "${name}_system/link/__init__.py": '''"""The link of the system ``$name``."""
''',
    "${name}_system/link/system.py": '''"""What GNU Radio Companion first shows of its blocks."""

from semradio.flowgraphs.systems import System

SYSTEM = System()
''',
    "${name}_system/link/${name}_link.yml": """flowgraph: ${name}_link
doc: A relay with a trained gain sends on what a noisy channel brings.

variables:
  models: $name
  snr_db: 10.0
  frames: 10000
  seed: 1

blocks:
  source: {block: vector_source, data: [[0.6, -0.8], [-0.8, 0.6]], repeat: true}
  head:   {block: head, items: "$${frames}"}
  air:    {block: awgn_channel, snr_db: "$${snr_db}", seed: "$${seed}"}
  relay:  {block: onnx_model, model: "$${models}/relay"}
  power:  {block: power_ratio}

connections:
  - source -> head -> air -> relay -> power.modified
  - head -> power.reference
""",
    "${name}_system/recipe/__init__.py": '''"""The recipe ``$name``."""

SUMMARY = "A relay that sends on what it receives, with a gain that is learnt from examples."
''',
    "${name}_system/recipe/config.py": '''"""Settings of the recipe ``$name``."""

from dataclasses import dataclass
from typing import Self

from semradio.export.recipes.settings import RecipeConfig, setting


@dataclass(frozen=True)
class Config(RecipeConfig):
    """Settings of the recipe, besides its seed."""

    gain: float = setting(2.0, "Gain that the examples show.", low=0)
    epochs: int = setting(30, "Epochs, of eight steps each.", low=1)

    @classmethod
    def quick(cls) -> Self:
        """Return settings for a run of an instant."""
        return cls(epochs=15)
''',
    "${name}_system/recipe/variants.py": '''"""Named variants of the recipe ``$name``."""

VARIANTS = {"double": {}, "half": {"gain": 0.5}}
''',
    "${name}_system/recipe/network.py": '''"""The network of ``$name``."""

import torch
from torch import Tensor, nn


class Relay(nn.Module):
    """y = a x, float32[batch, 2] -> float32[batch, 2]."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """Amplify."""
        return self.gain * x
''',
    "${name}_system/recipe/train.py": '''"""Training of the recipe ``$name``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import torch
from semradio.export.fitting import Phase, Schedule
from semradio.export.report import RunReport
from semradio.export.run import Manner, Run
from semradio.export.seeds import generator

from .config import Config
from .network import Relay


@dataclass(frozen=True)
class Report(RunReport):
    """The outcome of a run."""

    recipe: str
    config: Config
    loss: float

    def __str__(self) -> str:
        return f"loss {self.loss:.1e}"


def run(config: Config, out: Path, **manner: Unpack[Manner]) -> Report:
    """Learn the gain from examples, half of which validate."""
    run = Run(out, **manner)
    relay = Relay()
    x = torch.randn((512, 2), generator=generator(config.seed, "examples"))
    y = config.gain * x
    phase = Phase(
        name="relay",
        modules={"relay": relay},
        size=256,
        loss=lambda index: (relay(x[index]) - y[index]).square().mean(),
        validate=lambda: {"loss": (relay(x[256:]) - y[256:]).square().mean().item()},
        generators={"batches": generator(config.seed, "batches")},
        schedule=Schedule(config.epochs, batch_size=32, learning_rate=0.05, decay="cosine"),
        settings=config.deciding(),
    )
    run.fit(phase)
    return run.finish(Report("$name", config, run.history["relay"][-1]["loss"]))
''',
    "${name}_system/recipe/deploy.py": '''"""Export of the recipe ``$name``."""

from pathlib import Path

import torch
from semradio.blocks.neural.model_card import ModelCard
from semradio.export.fitting import load_best
from semradio.export.onnx_export import export_onnx

from .network import Relay
from .train import Report


def export(folder: Path, out: Path) -> list[Path]:
    """Write ``relay.onnx``; returns the files written."""
    report = Report.read(folder)
    relay = Relay()
    load_best(folder / "relay.pt", {"relay": relay})
    card = ModelCard(
        name="$name/relay",
        role="relay",
        system="$name",
        summary="Amplifies.",
        seed=report.config.seed,
        metrics={"loss": report.loss},
    )
    example = torch.tensor([[0.5, -0.5], [1.0, 0.25]])
    path = out / "relay.onnx"
    export_onnx(relay, path, inputs={"x": example}, outputs=["y"], card=card)
    return [path]
''',
    "test_${name}.py": '''"""The system ``$name``, from training to the link."""

from pathlib import Path

import pytest
from semradio import Flowgraph, OnnxModel, check_block

import ${name}_system

LINK = Path(${name}_system.__file__).parent / "link" / "${name}_link.yml"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the exported network of a quick run."""
    for package in ("torch", "onnx", "onnxscript"):
        pytest.importorskip(package)
    from ${name}_system.recipe import config, deploy, train

    folder = tmp_path_factory.mktemp("run")
    report = train.run(config.Config.quick(), folder)
    assert report.loss < 1e-3
    deploy.export(folder, folder / "$name")
    return folder / "$name"


def test_the_network_is_a_block(models):
    import numpy as np

    x = np.random.default_rng(1).standard_normal((60, 2)).astype(np.float32)
    check_block(lambda: OnnxModel(model=str(models / "relay.onnx")), [x], exact=False)


def test_the_link_doubles(models):
    link = Flowgraph.load(LINK, [f"relay.model={models / 'relay.onnx'}", "snr_db=40", "frames=500"])
    gain = link.run(processes=False).results["power"]["power_gain_db"]
    assert abs(gain - 6.02) < 0.1
''',
}


def files(name: str) -> dict[str, str]:
    """Return the files of a system's package: path within it -> text."""
    words = {"name": name, "dashed": name.replace("_", "-")}
    return {Template(p).substitute(words): Template(t).substitute(words) for p, t in _TEXTS.items()}
