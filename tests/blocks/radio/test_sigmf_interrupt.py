"""A recording that Ctrl-C ends is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sigmf = pytest.importorskip("sigmf", reason="needs SigMF: pip install 'semradio[sigmf]'")

ENDLESS = """
flowgraph: endless
blocks:
  tone:   {block: vector_source, data: ["0.5", "0.5j"], repeat: true}
  pace:   {block: throttle, rate: 100000}
  frame:  {block: frame_tagger, length: 1000}
  record: {block: sigmf_sink, file: tone, datatype: ci8, sample_rate: 100000}
connections: [tone -> pace -> frame -> record]
"""


def test_ctrl_c_leaves_what_arrived(tmp_path: Path) -> None:
    (tmp_path / "endless.yml").write_text(ENDLESS)
    run = subprocess.Popen(
        [sys.executable, "-m", "semradio.flowgraphs", "run", "endless.yml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    part = tmp_path / "tone.sigmf-data.part"
    deadline = time.monotonic() + 120
    while not (part.exists() and part.stat().st_size > 5000):
        assert time.monotonic() < deadline, "nothing is recorded"
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.02)
    assert not (tmp_path / "tone.sigmf-meta").exists()
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 130, errors
    recording = sigmf.fromfile(tmp_path / "tone.sigmf-meta")
    recording.validate()
    assert len(recording) > 2500
    assert len(recording.get_annotations()) == -(-len(recording) // 1000)
    assert not part.exists()
