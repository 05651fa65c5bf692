"""The command line as its users meet it: real processes, exit status, one clear message."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
from commands import Command, run

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.cli import beside
from semradio.flowgraphs.cli.main import cli
from semradio.flowgraphs.control import Control


def semradio(*words: str, folder: Path | None = None, **environment: str) -> Any:
    return run(*words, folder=folder, environment={**os.environ, **environment})


def refused(done: Any, status: int, *fragments: str) -> None:
    """One message with these words, no traceback, nothing on standard output."""
    assert done.returncode == status, done.stderr
    for fragment in fragments:
        assert fragment in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_run_ends_with_results_and_a_picture(tmp_path: Path) -> None:
    done = semradio("run", "arn_link", "frames=200", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for key in ("quality.mse", "quality.psnr_db", "leakage.accuracy", "power.psr_db"):
        assert f"{key} = " in done.stdout
    assert "alice.y -> air.x: 200 items, 0 dropped" in done.stdout
    assert "4 processes" in done.stdout
    assert (tmp_path / "arn_link.png").read_bytes().startswith(b"\x89PNG")


def test_json_on_standard_output_is_nothing_but_json(tmp_path: Path) -> None:
    done = semradio("run", "arn_link", "frames=100", "--json", "-", folder=tmp_path)
    result = json.loads(done.stdout)
    assert result["flowgraph"] == "arn_link"
    assert result["variables"]["frames"] == 100
    assert result["blocks"]["encoder"]["items_out"] == 100
    assert result["edges"]["encoder.x -> alice.x"]["items"] == 100
    assert result["elapsed_s"] > 0
    assert result["results"]["quality"]["images"] == 100


def test_json_into_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = semradio("run", "arn_link", "frames=50", "--json", str(out), "--quiet", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(out.read_text())["results"]["leakage"]["items"] == 50


def test_a_block_parameter_can_be_overridden(tmp_path: Path) -> None:
    done = semradio(
        "run", "arn_link", "frames=500", "air.snr_db=60", "--in-process", "--json", "-",
        folder=tmp_path,
    )  # fmt: skip
    quiet = json.loads(done.stdout)["results"]["quality"]["mse"]
    done = semradio(
        "run", "arn_link", "frames=500", "air.snr_db=-5", "--in-process", "--json", "-",
        folder=tmp_path,
    )  # fmt: skip
    assert json.loads(done.stdout)["results"]["quality"]["mse"] > 2 * quiet


BAD = """flowgraph: bad
variables: {snr_db: 10}
blocks:
  source:  {block: null_source, type: "float32[23]"}
  sorce:   {block: null_sorce, type: "float32[23]"}
  air:     {block: awgn_channel, snr: 3}
  air2:    {block: awgn_channel, snr_db: ten}
  air3:    {block: awgn_channel, snr_db: 1000}
  air4:    {block: awgn_channel, snr_db: "${snr_bd}"}
  encoder: {block: semantic_encoder, model: arn/encoder}
  bob:     {block: arn_receiver, model: arn/bobb}
  lonely:  {block: null_sink}
  a:       {block: copy}
  b:       {block: copy}
  sink:    {block: null_sink}
connections:
  - source -> encoder
  - source.z -> sink
  - a -> b -> a
"""


def test_check_finds_everything_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(BAD)
    done = semradio("check", "bad.yml", folder=tmp_path)
    refused(
        done,
        2,
        "bad.yml:5:20: unknown block 'null_sorce' (did you mean 'null_source'?)",
        "bad.yml:6:34: unknown parameter 'snr' of block 'air' (did you mean 'snr_db'?)",
        "bad.yml:7:42: parameter 'snr_db' of block 'air2' must be float",
        "bad.yml:8:42: parameter 'snr_db' of block 'air3' must be -100 to 200 dB, not 1000",
        "unknown variable 'snr_bd' (did you mean 'snr_db'?)",
        "unknown model 'arn/bobb' (did you mean 'arn/bob'?)",
        "source.y gives float32[23], encoder.image takes uint8[28,28]",
        "unknown output 'z' of block 'source'",
        "a -> b -> a",
        "input 'x' of block 'lonely' is not connected",
    )
    assert "^" in done.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_yaml_syntax(tmp_path: Path, command: str) -> None:
    (tmp_path / "bad.yml").write_text("flowgraph: x\nblocks: {a: [}\n")
    refused(semradio(command, "bad.yml", folder=tmp_path), 2, "bad.yml:2:14: not readable as YAML")


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (["run", "arn_lnk"], ["no file 'arn_lnk'", "did you mean 'arn_link'?"]),
        (["run", "arn_link", "snr_bd=3"], ["unknown name 'snr_bd' (did you mean 'snr_db'?)"]),
        (["run", "arn_link", "air.snr=3"], ["unknown parameter 'snr' of block 'air'"]),
        (["run", "arn_link", "snr_db=loud"], ["must be float, not 'loud'"]),
        (["run", "arn_link", "--only", "zed"], ["no process 'zed'"]),
        (["run", "arn_link", "source.dataset=mnst"], ["block 'source'", "mnist"]),
        (["run", "arn_link", "encoder.model=arn/eve"], ["block 'encoder'", "eavesdropper"]),
        (["run", "arn_link", "eve.model=none.onnx"], ["block 'eve'", "no model file none.onnx"]),
        (["runn"], ["no command 'runn' (did you mean 'run'?)"]),
        (["run"], ["Missing argument"]),
        (["blocks", "awgn"], ["did you mean 'awgn_channel'?"]),
        (["models", "arn/alise"], ["did you mean 'arn/alice'?"]),
        (["data", "fetch", "mnst"], ["did you mean 'mnist'?"]),
        (["train", "arm"], ["did you mean 'arn'?"]),
        (["run", "arn_link", "--json", "/nonexistent/x.json"], ["there is no folder /nonexistent"]),
        (["run", "arn_link", "--json", "."], ["cannot write .: it is a folder"]),
        (["run", "arn_link", "--state", "/dev/null"], ["'/dev/null' is a file; name a folder"]),
        (["run", "arn_link", "--at", "zed=tcp://a:1"], ["no process 'zed'", "processes: alice, "]),
        (["keys", "bundle", "alice"], ["no keys in 'keys': 'semradio keys new keys FILE'"]),
        (["run", "arn_link", "--chunk", "0"], ["--chunk"]),
        (["run", "arn_link", "--max-seconds", "nan"], ["max_seconds must be at least 0 s"]),
        (["run", "arn_link", "--control", "5556"], ["'5556' is no endpoint", "tcp://127.0.0.1"]),
        (["ctl", "--run", "ipc:///nonexistent", "stop", "a.b=1"], ["'stop' is not NAME=VALUE"]),
        (["export", "/nonexistent"], ["/nonexistent"]),
    ],
)
def test_what_is_wrong_with_a_command_is_said(
    words: list[str], fragments: list[str], tmp_path: Path
) -> None:
    refused(semradio(*words, folder=tmp_path), 2, *fragments)


def test_a_folder_of_models_that_is_not_there(tmp_path: Path) -> None:
    done = semradio("check", "arn_link", folder=tmp_path, SEMRADIO_MODELS=str(tmp_path / "modls"))
    refused(done, 2, "$SEMRADIO_MODELS names", "modls': no such folder")


def test_nobody_reads_what_is_printed(tmp_path: Path) -> None:
    start = [sys.executable, "-m", "semradio", "models"]
    closed = subprocess.run(
        ["sh", "-c", f"{shlex.join(start)} >&-"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (0, "")
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(start, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: cannot write the output: No space left on device\n"


def test_a_missing_data_set_tells_how_to_get_it(tmp_path: Path) -> None:
    done = semradio(
        "run", "arn_link", "dataset=fashion-mnist", "split=test",
        folder=tmp_path, SEMRADIO_DATA=str(tmp_path), HOME=str(tmp_path),
        XDG_CACHE_HOME=str(tmp_path),
    )  # fmt: skip
    if Path("/usr/share/datasets/fashion-mnist").exists():
        assert done.returncode == 0
    else:
        refused(done, 2, "Fashion-MNIST", "semradio data fetch fashion-mnist", "SEMRADIO_DATA")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"not a model", "is not an ONNX model"),
        (None, "truncated"),
    ],
)
def test_a_damaged_model(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is None:
        from semradio.blocks.neural.model_file import find_model

        content = find_model("arn/eve").read_bytes()[:3000]
    (tmp_path / "bad.onnx").write_bytes(content)
    done = semradio("run", "arn_link", "eve.model=bad.onnx", folder=tmp_path)
    refused(done, 2, "block 'eve'", "bad.onnx", words)


def test_an_unwritable_picture(tmp_path: Path) -> None:
    done = semradio("run", "arn_link", "picture=/nonexistent/x.png", "frames=10", folder=tmp_path)
    refused(done, 1, "arn_link.yml", "block 'pictures' could not start: cannot write /nonexistent")


def test_a_full_disk(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "full.yml").write_text(
        "flowgraph: full\nblocks:\n"
        "  source: {block: null_source, type: complex64, items: 1000000}\n"
        "  sink: {block: file_sink, file: /dev/full}\n"
        "connections: [source -> sink]\nprocesses: {a: [source], b: [sink]}\n"
    )
    for mode in ("--in-process", "--processes"):
        done = semradio("run", "full.yml", mode, folder=tmp_path)
        refused(done, 1, "full.yml:4", "block 'sink'", "/dev/full", "No space left on device")


def test_code_is_run_only_when_allowed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "code.yml").write_text(
        "flowgraph: code\nblocks:\n"
        "  source: {block: vector_source, data: [1.0, 2.0]}\n"
        "  double: {block: function, call: 'mine:double'}\n"
        "  sink: {block: vector_sink}\n"
        "connections: [source -> double -> sink]\n"
        "processes: {a: [source, double], b: [sink]}\n"
    )
    refused(semradio("run", "code.yml", folder=tmp_path), 2, "--allow-code")
    for mode in ("--in-process", "--processes"):
        done = semradio("run", "code.yml", "--allow-code", mode, "--json", "-", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["results"]["sink"]["data"] == [2.0, 4.0]


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = semradio("run", "arn_link", "picture=/nonexistent/x.png", "--debug", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("mode", ["--in-process", "--processes"])
def test_ctrl_c_drains_and_reports(tmp_path: Path, mode: str) -> None:
    words = ("frames=100000000", "source.repeat=true", "quality.ssim=false")
    child = Command("run", "arn_link", *words, mode, "--json", "-", folder=tmp_path)
    workers = _when_running(child, 4 if mode == "--processes" else 0)
    os.killpg(child.pid, signal.SIGINT)
    out, error = child.communicate(timeout=120)
    assert child.returncode == 130, error
    assert "Traceback" not in error
    result = json.loads(out)
    assert result["interrupted"] is True
    frames = result["blocks"]["source"]["items_out"]
    assert frames > 0
    for label, counts in result["edges"].items():
        assert (counts["items"], counts["dropped"]) == (frames, 0), label
    assert psutil.wait_procs(workers, timeout=120)[1] == []


def _when_running(child: Any, workers: int) -> list[psutil.Process]:
    """Wait until items have come to the last blocks of a run; returns its workers."""
    control = Control.find(child.pid, wait=120)
    deadline = time.monotonic() + 120
    while not all(block.items_in for block in control.status().blocks if block.name != "source"):
        assert time.monotonic() < deadline, control.status()
        time.sleep(0.1)
    found = psutil.Process(child.pid).children()
    assert len(found) == workers
    return found


def test_help_and_version() -> None:
    done = semradio("--help")
    assert done.returncode == 0
    for command in ("run", "ctl", "check", "show", "blocks", "models", "data", "train", "export"):
        assert f"\n  {command} " in done.stdout
        assert semradio(command, "--help").returncode == 0
    assert semradio("--version").stdout.startswith("semradio, version")


def test_examples_in_a_help_stand_on_lines_of_their_own() -> None:
    def helps(group: click.Group, above: click.Context | None = None) -> Iterator[str]:
        context = click.Context(group, parent=above)
        yield group.get_help(context)
        for name in group.list_commands(context):
            inner = group.get_command(context, name)
            assert inner is not None
            if isinstance(inner, click.Group):
                yield from helps(inner, context)
            else:
                yield inner.get_help(click.Context(inner, parent=context))

    texts = list(helps(cli))
    assert len(texts) > 30
    assert not [text for text in texts if "\\b" in text or "\b" in text]
    assert "\n  semradio run my_link.yml snr_db=5\n" in texts[0]


def test_a_run_without_the_packages_of_its_view_does_not_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beside, "find_spec", lambda name: None)
    for words in (["run", "over_the_air", "--view", "--no-open"], ["view"]):
        with pytest.raises(ParameterError, match=r'the view needs .*uvicorn.*"semradio\[view\]"'):
            cli.main(words, standalone_mode=False)


def test_reference_of_blocks() -> None:
    overview = semradio("blocks").stdout
    for name in ("image_source", "awgn_channel", "arn_transmitter", "stream_to_vector"):
        assert name in overview
    page = semradio("blocks", "awgn_channel").stdout
    assert "snr_db" in page
    assert "default 10.0" in page
    assert "-100 to 200, dB, live" in page
    markdown = semradio("blocks", "--markdown").stdout
    assert "### `awgn_channel`" in markdown


def test_models_and_their_cards() -> None:
    assert "arn/alice" in semradio("models").stdout
    page = semradio("models", "arn/alice").stdout
    assert "heldout.adaptive_eve.accuracy" in page
    card = json.loads(semradio("models", "arn/alice", "--json").stdout)
    assert card["role"] == "arn_transmitter"


def test_data_lists_the_sets() -> None:
    done = semradio("data")
    assert done.returncode == 0
    assert "mnist" in done.stdout


def test_running_imports_no_torch_and_help_imports_next_to_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "semradio.flowgraphs", "run", "arn_link",
         "frames=20", "--in-process"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "onnxruntime" in loaded
    assert not {m for m in loaded if m.split(".")[0] in ("torch", "onnx", "onnxscript")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "semradio.flowgraphs", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert not loaded & {"numpy", "onnxruntime", "zmq", "ruamel.yaml", "rich", "torch", "PIL"}
