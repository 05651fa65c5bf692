"""Finding model files, reading what they say, and refusing damaged ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.api import ModelError, find
from semradio.blocks.neural.model_card import METADATA_KEY, ModelCard
from semradio.blocks.neural.model_file import (
    VARIABLE,
    describe,
    find_model,
    list_models,
    read_card,
)
from semradio.blocks.neural.onnx_header import read_header

ZOO = ("arn/adaptive_eve", "arn/alice", "arn/bob", "arn/decoder", "arn/encoder", "arn/eve")


def test_the_shipped_models_are_found_by_name(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert set(ZOO) <= set(list_models())
    for name in ZOO:
        card = read_card(find_model(name))
        assert card is not None
        assert card.name == name
        assert find(card.role).category == "neural"


def test_a_folder_of_the_user_comes_before_the_shipped_models(monkeypatch, tmp_path, linear):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        (folder / "arn").mkdir(parents=True)
        shutil.copy(linear, folder / "arn" / "alice.onnx")
    shutil.copy(linear, second / "other.onnx")
    monkeypatch.setenv(VARIABLE, os.pathsep.join(map(str, (first, second, tmp_path / "none"))))
    assert find_model("arn/alice") == first / "arn" / "alice.onnx"
    assert find_model("other") == second / "other.onnx"
    assert list_models()["arn/alice"] == first / "arn" / "alice.onnx"
    assert "arn/bob" in list_models()


def test_an_unknown_name_tells_the_nearest_and_where_it_looked(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=r"did you mean 'arn/encoder'") as error:
        find_model("arn/encodr")
    assert str(tmp_path) in str(error.value)
    assert "arn/bob" in str(error.value)


def test_a_path_may_stand_without_its_ending(linear, tmp_path, monkeypatch):
    (tmp_path / "arn").mkdir()
    shutil.copy(linear, tmp_path / "mine.onnx")
    shutil.copy(linear, tmp_path / "arn" / "alice.onnx")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_model(str(tmp_path / "mine")) == tmp_path / "mine.onnx"
    assert find_model("mine").samefile(tmp_path / "mine.onnx")
    # A name of the zoo is not replaced by what happens to lie in the current folder.
    assert not find_model("arn/alice").samefile(tmp_path / "arn" / "alice.onnx")
    with pytest.raises(ModelError, match=r"no model file .*yours\.onnx"):
        find_model(str(tmp_path / "yours"))


def test_a_path_is_taken_as_it_is(linear, tmp_path):
    assert find_model(str(linear)) == linear
    with pytest.raises(ModelError, match=r"no model file .*gone\.onnx"):
        find_model(str(tmp_path / "gone.onnx"))


def test_the_card_is_read_from_the_metadata(make_model):
    card = ModelCard(name="mine/relu", role="semantic_encoder", snr_db=10.0)
    path = make_model(
        [("Relu", ["x"], ["y"])],
        [("x", ["n", 2])],
        [("y", ["n", 2])],
        metadata={"author": "nobody", METADATA_KEY: card.to_json()},
    )
    assert read_card(path) == card
    assert read_header(path).metadata["author"] == "nobody"


def test_a_model_without_a_card_has_none(linear):
    assert read_card(linear) is None


def test_a_card_that_is_no_card_names_the_file(make_model):
    path = make_model(
        [("Relu", ["x"], ["y"])],
        [("x", ["n", 2])],
        [("y", ["n", 2])],
        metadata={METADATA_KEY: '{"name": 3}'},
    )
    with pytest.raises(ModelError, match=r"model\.onnx: the model card cannot be read"):
        read_card(path)


def test_describe(linear):
    found = describe(linear)
    assert [str(port) for port in found.inputs] == ["x: float32[n,5]"]
    assert [str(port) for port in found.outputs] == ["y: float32[n,3]"]
    assert found.card is None
    assert (found.ir_version, found.opsets) == (10, {"": 17})
    assert found.size == linear.stat().st_size
    assert found.sha256 == hashlib.sha256(linear.read_bytes()).hexdigest()


def _refused(path: Path, capfd) -> str:
    """Return the one-line message with which a file is refused."""
    with pytest.raises(ModelError) as error:
        find("onnx_model")(model=str(path))
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text
    assert "onnxruntime_src" not in text
    assert len(text) < len(str(path)) + 400
    assert capfd.readouterr() == ("", "")
    return text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"just some text\n" * 20, "not an ONNX model"),
        (b"\x00" * 100, "not an ONNX model"),
        (b"\xff" * 100, "not an ONNX model"),
        (b"\x08\x0a", "holds no graph"),
        (b"\x3a\x05abcde", "cannot be loaded"),
        (b"\x3a\xff\xff\xff\xff\x0f", "truncated"),
    ],
    ids=["empty", "text", "zeros", "ones", "no graph", "broken graph", "announces 4 GiB"],
)
def test_files_that_are_no_models_are_refused(tmp_path, content, reason, capfd):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    assert reason in _refused(path, capfd)


def test_every_truncation_is_refused(linear, capfd):
    whole = linear.read_bytes()
    # The last bytes are the opset; without it the file is a shorter one, not a damaged one.
    for length in range(0, len(whole) - 6, 11):
        linear.write_bytes(whole[:length])
        _refused(linear, capfd)


def test_damaged_bytes_never_do_more_than_raise(linear):
    whole = bytearray(linear.read_bytes())
    random = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            damaged[place] = random.integers(0, 256)
        linear.write_bytes(damaged)
        try:
            read_card(linear)
        except ModelError as error:
            assert str(linear) in str(error)


def test_a_folder_is_no_model(tmp_path):
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ModelError, match=r"no model file .*folder\.onnx"):
        find("onnx_model")(model=str(tmp_path / "folder.onnx"))
    with pytest.raises(ModelError, match="directory"):
        read_card(tmp_path / "folder.onnx")


def test_missing_external_weights_are_named(make_model, weights, capfd, tmp_path):
    path = make_model(
        [("MatMul", ["x", "W"], ["y"])],
        [("x", ["n", 5])],
        [("y", ["n", 3])],
        {"W": weights},
        external="model.data",
    )
    x = np.ones((4, 5), np.float32)
    np.testing.assert_allclose(find("onnx_model")(model=str(path))(x), x @ weights, rtol=1e-6)
    (tmp_path / "model.data").unlink()
    text = _refused(path, capfd)
    assert "model.data" in text
    assert "missing" in text


def test_unknown_operators_and_versions_are_refused_in_one_line(make_model, capfd):
    ports = ([("x", ["n", 2])], [("y", ["n", 2])])
    path = make_model([("Nonsense", ["x"], ["y"])], *ports)
    assert "No Op registered for Nonsense" in _refused(path, capfd)
    path = make_model([("Relu", ["x"], ["y"])], *ports, ir_version=99)
    assert "Unsupported model IR version: 99" in _refused(path, capfd)


def test_looking_at_models_imports_no_heavy_package():
    program = (
        "import sys; from semradio.blocks.neural.model_file import *; "
        "from semradio.blocks.api import find; "
        "models = list_models(); assert 'arn/encoder' in models; "
        "[read_card(path) for path in models.values()]; "
        "[find(t) for t in ('onnx_model', 'semantic_encoder', 'arn_receiver', 'image_sink')]; "
        "names = ('torch', 'onnx', 'onnxruntime', 'PIL', 'semradio.export', 'scipy'); "
        "print([n for n in names if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
