"""What the tests of sweeps share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import run

NOISE = """
flowgraph: noise
variables:
  snr_db: 10.0
  seed: 1
  twice: ${2 * seed}
blocks:
  source: {block: vector_source, data: [1.0, -1.0], repeat: true}
  head:   {block: head, items: 100}
  air:    {block: awgn_channel, snr_db: "${snr_db}", seed: "${seed}"}
  power:  {block: signal_power}
connections:
  - source -> head -> air -> power
"""

BLOCKS = '''
import os, signal, time
from pathlib import Path
from semradio.blocks.api import Input, Output, SyncBlock, block, parameter

@block("fate", category="stream")
class Fate(SyncBlock):
    """Passes items on, or does something terrible."""
    what: str = parameter("pass", doc="pass, fail, die or wait.")
    x = Input("float32", doc="Items.")
    y = Output(like="x", doc="The same.")

    def work(self, x, at):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"
        if self.what == "fail":
            raise ValueError("no luck")
        if self.what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.what == "wait":
            Path(f"waiting-{os.getpid()}").touch()
            time.sleep(600)
        return x
'''

FATE = """
flowgraph: fate
code: [fate.py]
variables: {what: pass, number: 0}
blocks:
  source: {block: vector_source, data: [1.0, -1.0]}
  fate:   {block: fate, what: "${what}"}
  power:  {block: signal_power}
connections:
  - source -> fate -> power
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the flowgraphs noise.yml and fate.yml."""
    (tmp_path / "noise.yml").write_text(NOISE, encoding="utf-8")
    (tmp_path / "fate.yml").write_text(FATE, encoding="utf-8")
    (tmp_path / "fate.py").write_text(BLOCKS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    # What allow_code adds goes with the test.
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


@pytest.fixture
def semradio_sweep(folder: Path) -> Callable[..., Any]:
    """The command, run in the folder to its end."""

    return partial(run, "sweep", folder=folder)
