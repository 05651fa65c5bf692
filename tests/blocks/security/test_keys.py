"""Keys: found where references lead, made safely, and shown nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Block, ParameterError, find
from semradio.blocks.security.secret_key import make_key_file, read_key
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.plan import FlowgraphError

DIGITS = "0123456789abcdefABCDEF9876543210" * 2
FRAMES = np.random.default_rng(1).standard_normal((10, 23)).astype(np.float32)


def key_file(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text, encoding="latin-1")
    path.chmod(mode)
    return f"file:{path}"


@pytest.mark.parametrize(
    "text", [DIGITS, f"  {DIGITS}\n\n", "\n".join(DIGITS[i : i + 16] for i in range(0, 64, 16))]
)
def test_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LINK_KEY", text)
    for reference in (key_file(tmp_path / "a.key", text), "env:LINK_KEY"):
        assert read_key(reference) == bytes.fromhex(DIGITS)


def test_relative_paths_count_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file(tmp_path / "a.key", DIGITS)
    monkeypatch.chdir(tmp_path)
    assert read_key("file:a.key") == bytes.fromhex(DIGITS)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_key("file:~/a.key") == bytes.fromhex(DIGITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DIGITS[:-1], "64 hexadecimal digits, not 63 characters; 'semradio key FILE' makes one"),
        (DIGITS + "0", "not 65 characters"),
        ("", "not 0 characters"),
        (DIGITS[:-1] + "g", "it holds other characters"),
        (DIGITS[:-1] + "\xb2", "it holds other characters"),
        (DIGITS * 200, "not 4096 characters"),
    ],
    ids=range(6),
)
def test_what_is_no_key(tmp_path: Path, text: str, message: str) -> None:
    reference = key_file(tmp_path / "a.key", text)
    with pytest.raises(ParameterError) as caught:
        read_key(reference)
    assert message in str(caught.value)
    assert reference in str(caught.value)
    assert DIGITS[:8] not in str(caught.value)


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINK_KEY", raising=False)
    with pytest.raises(ParameterError, match="variable LINK_KEY: 'semradio key FILE' makes one"):
        read_key("env:LINK_KEY")
    with pytest.raises(ParameterError, match=r"no key file '.*none.key': 'semradio key .* makes"):
        read_key(f"file:{tmp_path}/none.key")
    with pytest.raises(ParameterError, match="is not a regular file"):
        read_key(f"file:{tmp_path}")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ParameterError, match="is not a regular file"):
        read_key(f"file:{tmp_path}/pipe")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    reference = key_file(tmp_path / "a.key", DIGITS, mode)
    with pytest.raises(ParameterError, match=rf"open to others \(mode {mode:04o}\): chmod 600"):
        read_key(reference)


def test_made(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_key_file(tmp_path / "a.key")
        make_key_file(tmp_path / "b.key")
    finally:
        os.umask(before)
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    one, other = (read_key(f"file:{tmp_path}/{name}.key") for name in "ab")
    assert len(one) == 32
    assert one != other
    with pytest.raises(ParameterError, match="exists already"):
        make_key_file(tmp_path / "a.key")
    assert read_key(f"file:{tmp_path}/a.key") == one
    with pytest.raises(ParameterError, match="cannot be written"):
        make_key_file(tmp_path / "none" / "a.key")


# Secrecy ---------------------------------------------------------------------------------------

LITERALS = [
    DIGITS,
    [DIGITS],
    ["env:LINK_KEY", DIGITS],
    {"env": DIGITS},
    int(DIGITS, 16),
    f"env:{DIGITS}",
    f"file:{DIGITS}",
    f"env: {DIGITS}",
    f"hex:{DIGITS}",
    [],
    "env:",
    "file:",
    "env:A-B",
]


@pytest.mark.parametrize("name", ["keyed_rotation", "keyed_derotation"])
@pytest.mark.parametrize("keys", LITERALS, ids=lambda value: str(value)[:6])
def test_a_key_itself_is_refused_and_not_repeated(name: str, keys: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        find(name)(keys=keys)
    assert "env:NAME or file:PATH" in str(caught.value)
    assert DIGITS[:8] not in repr(caught.value)
    assert str(int(DIGITS, 16)) not in repr(caught.value)


LINK = """
flowgraph: link
variables: {{keys: {keys}}}
blocks:
  source: {{block: null_source, type: "float32[23]", items: 10}}
  lock:   {{block: keyed_rotation, keys: "${{keys}}", {more}}}
  sink:   {{block: null_sink}}
connections: [source -> lock -> sink]
"""


@pytest.mark.parametrize(
    ("keys", "more"),
    [
        (DIGITS, "announce: 1"),
        ("env:A", f"session: 1, energy: {DIGITS}"),
        ("env:A", f"{DIGITS}: 1"),
        (f"[{DIGITS}]", "announce: 0"),
    ],
)
def test_no_problem_of_a_file_shows_a_key(keys: str, more: str) -> None:
    with pytest.raises(FlowgraphError) as caught:
        Flowgraph.load(LINK.format(keys=keys, more=more)).check()
    assert DIGITS not in str(caught.value)
    assert "*" * 64 in str(caught.value) or "env:NAME or file:PATH" in str(caught.value)


def test_an_override_that_is_wrong_does_not_show_a_key() -> None:
    good = LINK.format(keys="env:A", more="announce: 1")
    for override in (f"keys={DIGITS}", f"lock.keys={DIGITS}", DIGITS, f"lock.kyes={DIGITS}"):
        with pytest.raises(FlowgraphError) as caught:
            Flowgraph.load(good, [override]).check()
        assert DIGITS not in str(caught.value)


def test_what_a_block_shows_of_itself(tmp_path: Path) -> None:
    reference = key_file(tmp_path / "a.key", DIGITS)
    for name in ("keyed_rotation", "keyed_derotation"):
        block: Block = find(name)(keys=reference, session="")
        block(FRAMES)
        shown = [repr(block), str(block.results()), str(block.state()), str(block.notes)]
        shown += [repr(block._ring), repr(vars(block._ring))]  # type: ignore[attr-defined]
        assert reference in shown[0]
        key = bytes.fromhex(DIGITS)
        for text in shown:
            assert DIGITS.lower() not in text.lower()
            assert repr(key)[2:-1] not in text


def test_the_plan_that_travels_holds_references_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that is written to a worker process, and all that a run reports."""
    from semradio.flowgraphs.runtime.run.children import Children

    sent: list[bytes] = []
    write = Children._write

    def watch(self: Any, name: str, line: bytes) -> None:
        sent.append(line)
        write(self, name, line)

    monkeypatch.setattr(Children, "_write", watch)
    monkeypatch.setenv("LINK_KEY", DIGITS)
    text = LINK.format(keys="env:LINK_KEY", more="announce: 1")
    result = Flowgraph.load(text + "processes: {a: [source, lock], b: [sink]}").run()
    assert result["sink"]["items"] == 10
    assert any(b"env:LINK_KEY" in line for line in sent)
    assert DIGITS.encode() not in b"".join(sent)
    assert DIGITS not in result.to_json()
