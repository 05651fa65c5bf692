"""``semradio gnuradio``: what it writes, and what it says where GNU Radio does not fit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, registry
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.gnuradio import installation
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
    assert all(name.startswith(("zeromq_", "soapy_")) for name in left_out - {"function"})


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
    assert source["split"]["options"][:2] == ["None", "'train'"]
    assert source["image_vlen"]["default"] == "[28, 28]"
    assert alice["model"] == {
        "id": "model",
        "label": "model",
        "dtype": "string",
        "default": "arn/alice",
        "hide": "none",
    }
    assert "${ snr_db >= -100 }" in read("awgn_channel")["asserts"]


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


def test_the_module_refuses_another_python(tmp_path: Path) -> None:
    install(tmp_path / "other", (3, 2))
    module = (tmp_path / "other" / "semradio_gnuradio.py").read_text()
    with pytest.raises(ImportError, match=r"installed for Python 3\.2, and this is 3\."):
        exec(compile(module, "semradio_gnuradio.py", "exec"), {})


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
    assert names == {"gnuradio_channel.grc", "gnuradio_native.grc", "gnuradio_link.yml"}
    (tmp_path / "gnuradio_link.yml").write_text("mine")
    assert command("examples", str(tmp_path)) == 2
    assert "exists and is another" in capsys.readouterr().err


def test_uninstall(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    written = install(tmp_path / "blocks", PYTHON)
    assert command("uninstall", "--prefix", str(tmp_path / "blocks")) == 0
    assert f"{len(written)} files removed" in capsys.readouterr().out
    assert not (tmp_path / "blocks").exists()
