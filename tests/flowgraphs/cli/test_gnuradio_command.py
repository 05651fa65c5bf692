"""``semradio gnuradio``: what it writes, and what it says where GNU Radio does not fit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, registry
from semradio.blocks.errors import SemradioError
from semradio.blocks.neural.model_file import list_models, read_card
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.gnuradio import installation, texts
from semradio.flowgraphs.gnuradio.description import block_yml, described, inexpressible
from semradio.flowgraphs.gnuradio.installation import GnuRadio, check_python, install, uninstall

PYTHON = sys.version_info[:2]


def read(name: str) -> Any:
    """A block description, as PyYAML and GNU Radio's YAML 1.1 would read it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)  # type: ignore[assignment]
    return yaml.load(block_yml(name, "import it"))


def parameters(name: str) -> dict[str, Any]:
    return {p["id"]: p for p in read(name)["parameters"]}


def test_every_block_but_those_that_gnuradio_has_itself() -> None:
    ours = {name for name in registry.names() if registry.loadable(registry.find(name))}
    left_out = ours - set(described())
    assert {"zeromq_pub_sink", "soapy_source", "function"} <= left_out
    assert {"semantic_encoder", "awgn_channel", "image_sink", "sigmf_source"} <= set(described())
    others = {"function", "file_meta_sink", "file_meta_source", "message_control"}
    assert all(name.startswith(("zeromq_", "soapy_")) for name in left_out - others)


def test_a_block_that_gnuradio_cannot_have_is_left_out_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @block("grc_odd_shape", category="stream")
    class OddShape(SyncBlock):
        """Takes vectors of a length that no other block has."""

        x = Input("float32[4]")
        y = Output(like="x")

        def work(self, x: Array, at: int) -> Array:
            return x

    @block("grc_half_precision", category="stream")
    class HalfPrecision(SyncBlock):
        """Takes what GNU Radio has no type for."""

        x = Input("float16")
        y = Output(like="x")

        def work(self, x: Array, at: int) -> Array:
            return x

    # Blocks of this session, which GNU Radio's process would not find.
    assert not {"grc_odd_shape", "grc_half_precision"} & {*described(), *inexpressible()}
    monkeypatch.setattr(registry, "loadable", lambda cls, files=(): True)
    assert "grc_odd_shape" in described()
    assert "grc_half_precision" not in described()
    assert "nothing like float16, the type of 'x'" in inexpressible()["grc_half_precision"]
    (port,) = read("grc_odd_shape")["inputs"]
    assert (port["dtype"], port["vlen"]) == ("float", 4)


@pytest.mark.parametrize("name", described())
def test_a_description_holds_what_the_block_declares(name: str) -> None:
    found, cls = read(name), registry.find(name)
    assert found["file_format"] == 1 and found["id"] == f"semradio_{name}"
    shown = {p["id"]: p for p in found["parameters"]}
    # The item type of a source stands at its port.
    assert set(cls.parameters) - set(shown) <= {"type"}
    for key, declared in cls.parameters.items():
        if key in shown:
            assert f"{key}=${{{key}}}" in found["templates"]["make"]
            assert (f"set_{key}(${{{key}}})" in found["templates"]["callbacks"]) == declared.live
    for p in shown.values():
        assert isinstance(p["default"], str)
    ids = {"id", "alias", "affinity", "minoutbuf", "maxoutbuf", "comment"}
    assert not ids & set(shown), "GNU Radio Companion has parameters of these names itself"
    for port in (*cls.declared_inputs, *cls.declared_outputs):
        assert f"{port.name}: {port.doc}" in found["documentation"] or not port.doc


def test_parameters_have_the_types_of_companion() -> None:
    air, source, alice = (
        parameters("awgn_channel"),
        parameters("image_source"),
        parameters("arn_transmitter"),
    )
    assert air["snr_db"]["dtype"] == "real" and air["snr_db"]["default"] == "10.0"
    assert air["snr_db"]["hide"] == "none" and air["seed"]["hide"] == "part"
    assert air["x_type"]["options"] == ["complex64", "float32"]
    assert air["x_type"]["option_attributes"] == {"grc": ["complex", "float"]}
    assert source["split"]["options"][:2] == ["", "train"]
    assert source["image_vlen"]["default"] == "[28, 28]"
    model = alice["model"]
    assert (model["label"], model["dtype"], model["hide"]) == ("Model", "string", "none")
    assert model["default"] == "arn/alice"
    assert "${ snr_db >= -100 }" in read("awgn_channel")["asserts"]


@pytest.mark.parametrize(
    ("block", "label"),
    [
        ("awgn_channel", "AWGN Channel"),
        ("iq_level", "IQ Level"),
        ("arn_transmitter", "ARN Transmitter"),
        ("onnx_model", "ONNX Model"),
        ("sigmf_source", "SigMF Source"),
        ("keep_one_in_n", "Keep One in N"),
        ("fir_filter", "FIR Filter"),
        ("uhd_source", "UHD Source"),
        ("interleaved_uchar_to_complex", "Interleaved UChar to Complex"),
        ("head", "Head (semradio)"),
    ],
)
def test_labels_are_as_people_write_them(block: str, label: str) -> None:
    assert read(block)["label"] == label


def test_labels_of_parameters_have_words_and_units() -> None:
    assert parameters("awgn_channel")["snr_db"]["label"] == "SNR (dB)"
    assert parameters("sigmf_source")["offset"]["label"] == "Offset (items)"
    assert parameters("image_source")["split"]["label"] == "Split"
    assert parameters("clock_offset")["ppm"]["label"] == "ppm"
    assert parameters("radio_channel")["clock_ppm"]["label"] == "Clock (ppm)"
    assert parameters("add")["num_inputs"]["label"] == "Number of inputs"
    assert parameters("head")["items"]["label"] == "Items"
    assert read("mimo_filter")["category"] == "[semradio]/MIMO"


def test_a_model_is_chosen_from_those_that_the_block_takes() -> None:
    alices = parameters("arn_transmitter")["model"]["options"]
    assert "arn/alice" in alices and "arn/bob" not in alices
    for name in alices:
        card = read_card(list_models()[name])
        assert card is not None and card.role in registry.find("arn_transmitter").roles
    assert parameters("onnx_model")["model"]["options"] == list(list_models())


def test_what_can_be_chosen_is_a_list() -> None:
    power = parameters("awgn_channel")["signal_power"]
    # In a parameter that may be a number a text needs its quotes, but not in what is shown.
    assert power["dtype"] == "raw" and power["options"] == ["1.0", "'measured'"]
    assert power["option_labels"] == ["1.0", "measured"]
    design = parameters("fir_filter")["design"]
    assert design["dtype"] == "string"
    assert design["options"] == design["option_labels"]
    assert {"taps", "low_pass", "root_raised_cosine"} <= set(design["options"])
    assert any(test.startswith("${ design in ('taps', ") for test in read("fir_filter")["asserts"])
    form = parameters("iq_file_source")["format"]
    assert form["dtype"] == "string" and form["default"] == "" and form["options"][0] == ""
    assert (
        "${ format in ('', 'None', 'cu8', 'cs8', 'cs16', 'cf32', 'cf64') }"
        in (read("iq_file_source")["asserts"])
    )


@pytest.mark.parametrize("name", described())
def test_options_are_different_and_the_default_is_among_them(name: str) -> None:
    for p in read(name)["parameters"]:
        options = p.get("options")
        if options:
            assert len(set(options)) == len(options)
            assert p["default"] in options
        if "option_labels" in p:
            assert len(p["option_labels"]) == len(options)


def test_what_is_left_empty_is_none() -> None:
    declared = registry.find("image_source").parameters
    values = {"dataset": "", "split": "", "labels": "None", "frames": None, "other": ""}
    assert texts.read(declared, values) == {
        "dataset": "",
        "split": None,
        "labels": None,
        "frames": None,
        "other": "",
    }
    assert texts.read(declared, {"split": "train"}) == {"split": "train"}


@pytest.mark.parametrize("name", described())
def test_labels_leave_room_for_the_values(name: str) -> None:
    shown = read(name)["parameters"]
    assert len({p["label"] for p in shown}) == len(shown)
    for p in shown:
        assert "_" not in p["label"]
        # Companion writes 27 letters of label and value on a block, and never less than 3.
        assert p["hide"] == "part" or len(p["label"]) <= 20


def test_ports_of_companion() -> None:
    images = read("image_sink")["inputs"]
    assert [port["label"] for port in images] == ["received", "sent", "guess", "label"]
    assert [port.get("optional", False) for port in images] == [False, True, True, True]
    assert read("iq_level")["outputs"] == [
        {"label": "y", "domain": "stream", "dtype": "complex", "vlen": 1}
    ]
    assert read("add")["inputs"][0]["multiplicity"] == "${ num_inputs }"


def test_installing_again_removes_what_is_no_longer_made(tmp_path: Path) -> None:
    folder = tmp_path / "blocks"
    first = install(folder, PYTHON)
    assert len(first) == len(described()) + 1
    old, own = folder / "semradio_gone.block.yml", folder / "mine.block.yml"
    old.write_text(f"{installation.MADE_BY}\nid: semradio_gone\n")
    own.write_text("id: mine\n")
    assert install(folder, PYTHON) == first
    assert not old.exists() and own.exists()
    assert set(uninstall(folder)) == set(first)
    assert list(folder.iterdir()) == [own]
    own.unlink()
    install(folder, PYTHON)
    uninstall(folder)
    assert not folder.exists()


def test_the_module_refuses_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    install(tmp_path / "other", (3, 2))
    module = (tmp_path / "other" / "semradio_gnuradio.py").read_text()
    with pytest.raises(ImportError, match=r"installed for Python 3\.2, and this is 3\."):
        exec(compile(module, "semradio_gnuradio.py", "exec"), {})


def test_a_python_without_gnuradio_is_told_in_one_line(tmp_path: Path) -> None:
    install(tmp_path, PYTHON, executable="/opt/radio/python3")
    program = tmp_path / "program.py"
    imports = "".join(line[4:] for line in imports_of(tmp_path / "semradio_add.block.yml"))
    program.write_text(f"{imports}from gnuradio import gr\n")
    # Isolated, and without the packages of any environment.
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"error: there is no GNU Radio for {sys.executable}: run this program by its Python, as "
        f"'/opt/radio/python3 {program}'\n"
    )


def imports_of(description: Path) -> list[str]:
    """The lines that a generated program begins with, indented as they are in the file."""
    lines = description.read_text().splitlines(keepends=True)
    first = lines.index("  imports: |\n") + 1
    found = lines[first : first + 2]
    assert found == sorted(found) and "".join(found).lstrip() < "from gnuradio"
    return found


def test_another_python_is_told_before_anything_is_written() -> None:
    other = GnuRadio("/usr/bin/python3", "3.10.5.1", (3, 2), "1.24.2", Path("/nowhere"))
    with pytest.raises(SemradioError, match=r"runs on Python 3\.2 .*python3 -m venv DIR"):
        check_python(other)


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["gnuradio", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_without_gnuradio_the_command_says_what_to_install(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command("install", "--python", str(tmp_path / "python"), "--prefix", str(tmp_path)) == 2
    assert "apt-get install gnuradio" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_examples_are_copied_and_nothing_is_overwritten(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command("examples", str(tmp_path)) == 0
    assert command("examples", str(tmp_path)) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "gnuradio_channel.grc",
        "gnuradio_link.yml",
        "gnuradio_native.grc",
        "over_the_air.grc",
        "over_the_air_gnuradio.yml",
    }
    (tmp_path / "gnuradio_link.yml").write_text("mine")
    assert command("examples", str(tmp_path)) == 2
    assert "exists and is another" in capsys.readouterr().err


def test_uninstall(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    written = install(tmp_path / "blocks", PYTHON)
    assert command("uninstall", "--prefix", str(tmp_path / "blocks")) == 0
    assert f"{len(written)} files removed" in capsys.readouterr().out
    assert not (tmp_path / "blocks").exists()
