"""semradio's blocks inside GNU Radio, and GNU Radio as the channel of a semradio flowgraph.

The running interpreter's packages are what GNU Radio imports, as after 'semradio gnuradio install'.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import find
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.gnuradio import installation
from semradio.flowgraphs.gnuradio.description import described

HERE = Path(__file__).parent

PATIENCE_S = 300

FRAMES = 1001
"""An odd number: the samples of the last frame end in the middle of one."""


class Inside:
    """GNU Radio with semradio's blocks installed into a folder of the tests."""

    def __init__(self, gnuradio: installation.GnuRadio, folder: Path) -> None:
        self.python, self.folder = gnuradio.executable, folder
        self.blocks = folder / "blocks"
        installation.install(self.blocks, gnuradio.python, gnuradio.executable)
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")},
            "GRC_BLOCKS_PATH": str(self.blocks),
        }

    def run(self, *command: str) -> str:
        """Run a command to its end, and return what it prints."""
        done = self.ended(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ended(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, be it a good one or not."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def compiled(self, name: str, text: str) -> str:
        """Compile a flowgraph of Companion's; returns the program."""
        file = self.folder / f"{name}.grc"
        file.write_text(text)
        self.run("grcc", "-o", str(self.folder), str(file))
        return str(self.folder / f"{name}.py")

    def found(self, script: str, *arguments: str) -> Any:
        """Run a script of this folder in GNU Radio's Python; returns what it found."""
        printed = self.run(self.python, str(HERE / script), *arguments)
        line = next(line for line in printed.splitlines() if line.startswith("found "))
        return json.loads(line.removeprefix("found "))


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Inside:
    try:
        gnuradio = installation.find_gnuradio()
        installation.check_python(gnuradio)
    except SemradioError as error:
        pytest.skip(str(error))
    if shutil.which("grcc") is None:
        pytest.skip("there is no grcc: apt-get install gnuradio")
    return Inside(gnuradio, tmp_path_factory.mktemp("gnuradio"))


# Single blocks ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jobs(inside: Inside) -> Any:
    """What the jobs of native_peer.py gave."""
    return inside.found("native_peer.py", str(inside.blocks), str(inside.folder))


def test_tags_of_gnuradio_keep_item_value_and_source(jobs: Any) -> None:
    found = jobs["tags_through_blocks"]
    tags = [("first", "()"), ("pair", "(a . 1+-2i)"), ("last", "{3 #t}")]

    def at(*items: int) -> list[list[Any]]:
        return [[n, key, value, "tester"] for n, (key, value) in zip(items, tags, strict=True)]

    assert found["gain"] == at(0, 4999, 9999)
    assert found["one"] == at(0, 999, 1999)
    # Both inputs carry them; they are the same tags.
    assert found["both"] == at(0, 4999, 9999)
    assert found["sums"] and found["kept"]


def test_tags_of_blocks_reach_gnuradio_and_other_blocks(jobs: Any) -> None:
    found = jobs["tags_of_blocks"]
    frames = [[1000 * k, "frame", str(k), "#f"] for k in range(3)]
    foreign = [[1234, "value", "0+1i", "tester"], [1235, "text", "x", "tester"]]
    assert found["seen"] == sorted(frames + foreign)
    read = [[1000 * k, "frame", k] for k in range(3)]
    assert found["read"] == sorted([*read, [1234, "value", [0.0, 1.0]], [1235, "text", "x"]])


def test_a_live_change_counts_from_its_tag_on(jobs: Any) -> None:
    found = jobs["live_change"]
    assert found["values"] == [-3.0, 2.0] and found["after"]
    assert found["at"] > 0
    assert found["tags"] == [[found["at"], "gain.constant", "-3", "#f"]]
    assert found["refused"].startswith("ParameterError: parameter 'constant' must be")
    assert found["other_setters"]


def test_streams_end(jobs: Any) -> None:
    found = jobs["ends"]
    assert found["source"] == [1, 2, 3]
    assert found["head"] == {"items": 12_345}
    assert found["whole"] == 8
    assert found["note"] == "pairs: the last 2 items do not fill a step of 4 and were left out"


def test_a_failure_names_block_and_item_and_ends_the_flowgraph(jobs: Any) -> None:
    said = "input 'x' carries NaN or infinity, first at item 321"
    found = jobs["failure"]
    assert found["said"].startswith("error: block 'decoder', item ") and said in found["said"]
    assert found["error"] in found["said"]


def test_what_cannot_be_made_says_why(jobs: Any) -> None:
    found = jobs["refusals"]
    assert "set x_type to float32 and x_vlen to 23" in found["output"]
    assert "takes uint8[28,28], not float32[784]" in found["input"]
    assert "did you mean 'snr_db'?" in found["parameter"]
    assert "the type of input 'x' is not stated" in found["missing"]


def test_noise_is_the_same_inside_gnuradio(jobs: Any) -> None:
    x = np.arange(2_300, dtype=np.float32).reshape(-1, 23)
    expected = find("awgn_channel")(name="air", snr_db=3.0, seed=7)(x)
    found = np.frombuffer(bytes.fromhex(jobs["same_noise"]), np.float32).reshape(-1, 23)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


def test_ports_may_stay_open(jobs: Any) -> None:
    assert jobs["optional_ports"] == {"images": True, "labels": list(range(20)), "drawn": 16}


def test_blocks_in_a_hierarchy_begin_anew_with_each_run(jobs: Any) -> None:
    assert jobs["hierarchy"] == [[[6, 8], 5], [[6, 8], 5]]


def test_what_a_block_keeps_stays_what_it_was(jobs: Any) -> None:
    assert jobs["kept_inputs"] == [True, True]


# GNU Radio Companion ---------------------------------------------------------------------------


def test_companion_loads_every_block(inside: Inside) -> None:
    told = inside.found("companion_peer.py")
    found = told["blocks"]
    assert told["warnings"] == []
    assert sorted(found) == [f"semradio_{name}" for name in described()]
    problems = {name: entry["errors"] for name, entry in found.items() if entry["errors"]}
    assert problems == {}
    assert found["semradio_semantic_encoder"]["inputs"] == [["byte", 784]]
    assert found["semradio_semantic_encoder"]["outputs"] == [["float", 23]]
    assert found["semradio_iq_level"]["outputs"] == [["complex", 1]]
    assert found["semradio_add"]["inputs"] == [["float", 1]] * 2
    assert {entry["category"][0] for entry in found.values()} == {"semradio"}


GRAPH = """
options:
  parameters: {{id: {name}, generate_options: no_gui, run_options: run, output_language: python}}
  states: {{coordinate: [8, 8], rotation: 0, state: enabled}}
blocks:
{blocks}
connections:
{connections}
metadata: {{file_format: 1}}
"""


def graph(name: str, chain: dict[str, dict[str, str]]) -> str:
    """A flowgraph of Companion's: semradio's blocks in a row, with their parameters."""
    names = [f"b{k}" for k in range(len(chain))]
    blocks = [
        f"- name: {own}\n  id: semradio_{kind}\n  parameters: {json.dumps(given)}\n"
        f"  states: {{coordinate: [{200 * k + 8}, 200], rotation: 0, state: enabled}}"
        for k, (own, (kind, given)) in enumerate(zip(names, chain.items(), strict=True))
    ]
    wires = [f"- [{a}, '0', {b}, '0']" for a, b in pairwise(names)]
    return GRAPH.format(name=name, blocks="\n".join(blocks), connections="\n".join(wires))


def test_what_is_chosen_from_a_list_runs(inside: Inside) -> None:
    chain = {
        "noise_source": {"distribution": "uniform", "items": "1000", "y_type": "complex64"},
        "fir_filter": {
            "x_type": "complex64",
            "y_type": "complex64",
            "design": "low_pass",
            "cutoff": "0.2",
            "transition": "0.1",
            "window": "kaiser",
        },
        # As the list gives it, and as the files of before have it.
        "awgn_channel": {"x_type": "complex64", "signal_power": "'measured'"},
        "signal_power": {"x_type": "complex64", "segments": "None"},
    }
    program = inside.compiled("chosen", graph("chosen", chain))
    made = Path(program).read_text()
    assert "distribution='uniform'" in made and "signal_power='measured'" in made
    printed = inside.run(inside.python, program)
    found = json.loads(next(x for x in printed.splitlines() if x.startswith("b3:"))[3:])
    assert found["items"] == 1000


def test_a_choice_that_is_none_is_refused_while_it_is_typed(inside: Inside) -> None:
    chain = {"noise_source": {"distribution": "uniforn"}, "null_sink": {}}
    (inside.folder / "wrong.grc").write_text(graph("wrong", chain))
    done = inside.ended("grcc", "-o", str(inside.folder), str(inside.folder / "wrong.grc"))
    assert done.returncode != 0
    assert "distribution in ('gaussian', 'uniform', 'laplacian')" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("arn_transmitter", {"model": "arn/alise"}, "unknown model 'arn/alise' (did you mean"),
        ("awgn_channel", {"signal_power": "-1"}, "parameter 'signal_power' must be above 0"),
    ],
)
def test_a_program_that_cannot_begin_says_why_in_one_line(
    inside: Inside, kind: str, given: dict[str, str], said: str
) -> None:
    vlen = {"x_vlen": "23", "y_vlen": "23"} if kind == "arn_transmitter" else {"x_vlen": "23"}
    chain = {
        "noise_source": {"y_type": "float32", "y_vlen": "1"},
        "stream_to_vector": {"x_type": "float32", "y_type": "float32", "length": "23"},
        kind: {**vlen, **given},
        "null_sink": {"x_type": "float32", "x_vlen": "23"},
    }
    program = inside.compiled("mistaken", graph("mistaken", chain))
    done = inside.ended(inside.python, program)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: block 'b2': {said}")
    assert len(done.stderr.splitlines()) == 1


def test_a_generated_program_in_a_python_without_gnuradio_says_what_to_do(
    inside: Inside, programs: Path
) -> None:
    program = str(programs / "gnuradio_native.py")
    done = inside.ended(inside.python, "-I", "-S", program)
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no GNU Radio for ")
    assert done.stderr.endswith(f"as '{inside.python} {program}'\n")


def overlap(a: list[float], b: list[float]) -> bool:
    """Whether two boxes, [left, top, right, bottom], have something in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_in_the_examples_nothing_is_cut_off_or_hidden(inside: Inside, tmp_path: Path) -> None:
    if shutil.which("xvfb-run") is None:
        pytest.skip("there is no xvfb-run: apt-get install xvfb xauth")
    files = sorted(map(str, installation.EXAMPLES.glob("*.grc")))
    script = str(HERE / "companion_pictures.py")
    printed = inside.run("xvfb-run", "-a", inside.python, script, str(tmp_path), *files)
    line = next(x for x in printed.splitlines() if x.startswith("found "))
    drawn = json.loads(line.removeprefix("found "))
    assert len(drawn) == len(files) == len(list(tmp_path.glob("*.png")))
    for blocks in drawn.values():
        for (a, one), (b, other) in combinations(blocks.items(), 2):
            assert not overlap(one["box"], other["box"]), f"{a} and {b}"
        for name, block in blocks.items():
            assert block["valid"], name
            assert not [text for text in block["text"] if "..." in text], name


@pytest.fixture(scope="module")
def programs(inside: Inside) -> Path:
    """The folder in which grcc has compiled the examples."""
    folder = inside.folder / "examples"
    installation.copy_examples(folder)
    inside.run("grcc", "-o", str(folder), *map(str, sorted(folder.glob("*.grc"))))
    return folder


@pytest.fixture(scope="module")
def images(inside: Inside) -> Path:
    """Pictures somewhat like digits: a few smooth strokes on black."""
    draw = np.random.default_rng(5)
    centre = draw.uniform(8, 20, (FRAMES, 3, 2, 1, 1))
    place = np.mgrid[:28, :28]
    spots = np.exp(-(((place - centre) ** 2).sum(axis=2)) / 8).max(axis=1)
    file = inside.folder / "images.npz"
    np.savez(file, images=(255 * spots).astype(np.uint8), labels=draw.integers(0, 10, FRAMES))
    return file


def link(images: Path, **variables: Any) -> Any:
    """Run the link over IQ samples with semradio's own channel; returns its results."""
    graph = Flowgraph.load("iq_link", [f"dataset={images}", "source.split=null"], **variables)
    return graph.run(processes=False)


def test_the_example_in_companion_gives_the_frames_of_the_yaml_file(
    inside: Inside, programs: Path, images: Path
) -> None:
    frames, out = 1000, inside.folder / "received.u8"
    options = ("--frames", str(frames), "--snr-db", "200", "--dataset", str(images))
    program = str(programs / "gnuradio_native.py")
    done = inside.ended(inside.python, program, *options, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout
    assert "warning" not in printed + done.stderr
    quality = json.loads(next(x for x in printed.splitlines() if x.startswith("quality:"))[8:])
    expected = link(images, frames=frames, snr_db=200.0)["quality"]
    assert quality["images"] == frames
    assert quality["mse"] == pytest.approx(expected["mse"], rel=1e-5)
    assert quality["psnr_db"] == pytest.approx(expected["psnr_db"], abs=1e-5)
    received = np.fromfile(out, np.uint8).reshape(frames, 28, 28)
    sent = np.load(images)["images"][:frames]
    assert np.mean((received / 255 - sent / 255) ** 2) == pytest.approx(expected["mse"], rel=1e-5)


@pytest.fixture
def channel(inside: Inside, programs: Path) -> Iterator[list[str]]:
    """GNU Radio's channel, running; gives the overrides that lead there."""
    with tempfile.TemporaryDirectory(prefix="gr", dir="/tmp") as short:
        at = {name: f"ipc://{short}/{name}" for name in ("alice", "bob", "eve")}
        options = [word for name in at for word in (f"--{name}-at", at[name])]
        command = [inside.python, str(programs / "gnuradio_channel.py"), *options]
        with subprocess.Popen(command, env=inside.environment, stderr=subprocess.DEVNULL) as run:
            yield [f"to_{'channel' if n == 'alice' else n}={a}" for n, a in at.items()]
            run.kill()


def test_the_channel_in_gnuradio_is_as_good_as_our_own(
    channel: list[str], images: Path, inside: Inside
) -> None:
    given = [f"dataset={images}", "source.split=null", f"frames={FRAMES}", *channel]
    found = Flowgraph.load("gnuradio_link", given).run(max_seconds=PATIENCE_S)
    own = link(images, frames=FRAMES, snr_db=10.0)["quality"]
    assert found["quality"]["images"] == found["leakage"]["items"] == FRAMES
    assert found["bob_in"]["lost"] == 0
    assert found["quality"]["psnr_db"] == pytest.approx(own["psnr_db"], abs=0.1)
