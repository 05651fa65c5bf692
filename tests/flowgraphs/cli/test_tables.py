"""What a run prints at its end, and how listings are set in columns."""

from __future__ import annotations

import re

import pytest
from commands import run

from semradio.flowgraphs.cli.block_reference import describe, overview
from semradio.flowgraphs.cli.columns import WIDTH, columns
from semradio.flowgraphs.cli.tables import print_result
from semradio.flowgraphs.runtime.result import RunResult


def test_values_are_printed_in_the_words_of_a_flowgraph(
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = {"psr_db": None, "on": True, "off": False, "file": "a b.png", "mse": 0.12345678}
    print_result(RunResult("link", results={"power": values}))
    assert capsys.readouterr().out.splitlines()[:5] == [
        "power.psr_db = none",
        "power.on = true",
        "power.off = false",
        "power.file = a b.png",
        "power.mse = 0.123457",
    ]


def test_segments_are_a_line_each_and_counted_from_the_ninth_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    segments = [
        {"from": 10 * k, "items": 10, "arn": k % 2 == 0, "mse": 0.02 + k, "psnr_db": None}
        for k in range(11)
    ]
    values = {"mse": 5.0, "segments": segments[:2]}
    print_result(RunResult("link", results={"quality": values}))
    assert capsys.readouterr().out.splitlines()[:3] == [
        "quality.mse = 5",
        "quality.segments[0] = from 0, items 10, arn true, mse 0.02, psnr_db none",
        "quality.segments[1] = from 10, items 10, arn false, mse 1.02, psnr_db none",
    ]
    print_result(RunResult("link", results={"quality": {"segments": segments}}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[7].startswith("quality.segments[7] = from 70, ")
    assert lines[8] == "quality.segments = 3 more (--json has them)"


def test_columns_keep_apart_and_wrap() -> None:
    rows = [
        ("a", "'white' | 'black'", "word " * 30),
        ("much_longer", "x" * 60, "Below."),
        ("", "", ""),
    ]
    lines = columns(rows)
    start = 2 + len("much_longer") + 2 + len("'white' | 'black'") + 2
    assert lines[0].startswith("  a            'white' | 'black'  word word")
    assert all(line.startswith(" " * start + "word") for line in lines[1:-3])
    assert lines[-3:] == ["  much_longer  " + "x" * 60, " " * start + "Below.", ""]
    assert max(map(len, lines)) <= WIDTH


def test_no_cell_of_the_reference_runs_into_the_next() -> None:
    page = describe("image_sink")
    assert "[*,*,3]Optional" not in page
    assert "uint8[*,*,3] | float32[*,*,3]\n" in page
    assert "x[0..num_inputs-1]  number[...]  The streams" in describe("add")
    assert "float | 'measured', default 1.0" in describe("awgn_channel")
    assert max(map(len, overview().splitlines())) <= WIDTH


def test_settings_of_recipes_keep_apart() -> None:
    listed = run("train").stdout
    assert re.search(r"'white' \| 'black' +white +What Alice knows", listed)
    assert re.search(r"variants: white-20, black-20, .* fashion-keyed", " ".join(listed.split()))
    assert "Literal" not in listed
    assert max(map(len, listed.splitlines())) <= WIDTH
