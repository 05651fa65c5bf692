"""Tables: files that read back the same, selections, means and intervals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.flowgraphs.sweep import SweepError, Table
from semradio.flowgraphs.sweep.table import as_text, from_text

pytest.importorskip("pyarrow", reason="needs Parquet: pip install 'semradio[sweep]'")

ROWS: list[dict[str, Any]] = [
    {
        "snr_db": 0.0,
        "on": True,
        "seed": 1,
        "q.mse": 0.1,
        "q.n": 5,
        "q.map": "[[1, 2]]",
        "q.x": None,
    },
    {"snr_db": 0.0, "on": True, "seed": 2, "q.mse": 0.3, "q.n": 5, "q.map": "[[3, 4]]", "q.x": 2},
    {"snr_db": 5.0, "on": False, "seed": 1, "q.mse": 1e-9, "q.n": 5, "q.map": "", "q.x": 3},
    {"snr_db": 5.0, "on": False, "seed": 2, "q.mse": 3e-9, "q.n": 5, "q.map": "1", "q.x": 4},
]
TABLE = Table(list(ROWS[0]), ROWS, ("snr_db", "on", "seed"))


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(st.characters(codec="utf-8")),
        st.sampled_from(["", "1", "1.0", "1e5", "true", "nan", "inf", '"x"', '"', "1_0", " 1"]),
    )
)
def test_a_cell_of_csv_reads_back(value: Any) -> None:
    found = from_text(as_text(value))
    assert found == value
    assert type(found) is type(value)


def test_nan_reads_back() -> None:
    assert math.isnan(from_text(as_text(math.nan)))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_files_read_back(tmp_path: Path, name: str) -> None:
    rows = [
        {**row, "q.text": text} for row, text in zip(ROWS, ["a", '"b,\nc"', "7", "Ä"], strict=True)
    ]
    table = Table([*TABLE.columns, "q.text"], rows, TABLE.axes)
    table.write(tmp_path / name)
    assert Table.read(tmp_path / name) == table
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_axes_of_a_csv_file_are_the_fewest_leading_columns(tmp_path: Path) -> None:
    Table(["snr_db", "on", "seed"], ROWS[1:3]).write(tmp_path / "t.csv")
    assert Table.read(tmp_path / "t.csv").axes == ("snr_db",)


def test_mixed_kinds_in_parquet(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": 1, "c": None}, {"a": 0.5, "b": "x", "c": None}]
    Table(["a", "b", "c"], rows).write(tmp_path / "t.parquet")
    assert Table.read(tmp_path / "t.parquet").rows == [
        {"a": 1.0, "b": "1", "c": None},
        {"a": 0.5, "b": "x", "c": None},
    ]


def test_select() -> None:
    assert TABLE.select(snr_db=5, on=False).rows == ROWS[2:]
    assert TABLE.select(**{"q.mse": 0.3}).rows == [ROWS[1]]
    assert TABLE.select().axes == TABLE.axes
    with pytest.raises(SweepError, match=r"no column 'snr' \(did you mean 'snr_db'\?\)"):
        TABLE.select(snr=5)


def test_summary_by_hand() -> None:
    summary = TABLE.summary()
    assert summary.columns == [
        "snr_db", "on", "n", "q.mse", "q.mse.ci95", "q.n", "q.n.ci95", "q.x", "q.x.ci95",
    ]  # fmt: skip
    assert summary.axes == ("snr_db", "on")
    first, second = summary.rows
    # n = 2: s = 0.2 / sqrt(2), and t(0.975, 1) = tan(0.475 pi) = 12.7062.
    assert (first["snr_db"], first["on"], first["n"]) == (0.0, True, 2)
    assert first["q.mse"] == pytest.approx(0.2)
    assert first["q.mse.ci95"] == pytest.approx(12.7062 * 0.1, rel=1e-5)
    assert (first["q.n"], first["q.n.ci95"]) == (5, 0)
    assert (first["q.x"], first["q.x.ci95"]) == (None, None)
    assert second["q.x"] == 3.5


def test_summary_of_three_by_the_table_of_student() -> None:
    rows = [{"seed": k, "q.x": x} for k, x in enumerate([1.0, 2.0, 6.0])]
    (row,) = Table(["seed", "q.x"], rows, ("seed",)).summary().rows
    # s = sqrt(7); t(0.975, 2) = 4.30265.
    assert row == {"n": 3, "q.x": 3.0, "q.x.ci95": pytest.approx(4.30265 * math.sqrt(7 / 3))}


def test_summary_leaves_out_what_failed() -> None:
    rows = [
        {"seed": 1, "q.x": 4.0, "error": None},
        {"seed": 2, "q.x": None, "error": "no luck"},
    ]
    table = Table(["seed", "q.x", "error"], rows, ("seed",))
    assert table.summary().rows == [{"n": 1, "q.x": 4.0, "q.x.ci95": None}]


def test_summary_over_what_is_no_axis() -> None:
    with pytest.raises(SweepError, match=r"'q\.mse' is not an axis"):
        TABLE.summary(over="q.mse")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", None, "No such file"),
        ("t.parquet", None, "No such file"),
        ("t.csv", b"a,b\n1\n", "1 values for 2 columns"),
        ("t.csv", b"\xff\xfe", "utf-8"),
        ("t.parquet", b"nonsense", "cannot read the table"),
        ("t.xls", None, "a .csv or a .parquet file"),
    ],
)
def test_files_that_are_no_tables(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SweepError) as error:
        Table.read(tmp_path / name)
    assert words in str(error.value)
    assert name in str(error.value)
