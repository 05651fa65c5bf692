"""Training of the recipe ``relay``."""

from __future__ import annotations

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
    return run.finish(Report("relay", config, run.history["relay"][-1]["loss"]))
