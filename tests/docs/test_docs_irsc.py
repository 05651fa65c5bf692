"""irsc.md: its tables are those of the data beside it."""

from __future__ import annotations

import csv
import re

import pytest
from docs_pages import DOCS

PAGE = (DOCS / "irsc.md").read_text(encoding="utf-8")
_TABLE = re.compile(r"^\| (irsc-\w+)(, [^|]*)? \|.*\n(?:\|.*\n)+", re.M)
PANELS = {
    "User 1 (MNIST)": "a",
    "User 2 (Fashion-MNIST)": "b",
    "mean of both users": "a",
    "mean of both users, 15 dB": "b",
    "mean of all users, all MNIST": "a",
}
TABLES = {
    (match[1], (match[2] or "").removeprefix(", ")): match[0] for match in _TABLE.finditer(PAGE)
}

Values = dict[tuple[str, str, float | str], float]


def data(name: str) -> Values:
    """Return the means of a figure by panel, curve and x."""
    found: Values = {}
    with (DOCS / "figures" / f"{name}.summary.csv").open() as file:
        for row in csv.DictReader(file):
            try:
                x: float | str = float(row["x"])
            except ValueError:
                x = row["x"]
            found[row["panel"], row["curve"], x] = float(row["mean"])
    return found


def cells(table: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()]
    return [rows[0], *rows[2:]]


def test_the_tables_are_all_there() -> None:
    assert sorted(name for name, _ in TABLES) == [
        *("irsc-csi", "irsc-csi", "irsc-frontier", "irsc-seeds"),
        *("irsc-snr", "irsc-snr", "irsc-users"),
    ]


@pytest.mark.parametrize("key", [key for key in TABLES if key[1]], ids=" ".join)
def test_a_table_over_x_shows_its_data(key: tuple[str, str]) -> None:
    name, title = key
    values, (head, *rows) = data(name), cells(TABLES[key])
    panel = PANELS[title]
    for curve, *shown in rows:
        for column, cell in zip(head[1:], shown, strict=True):
            (x,) = map(float, re.findall(r"-?[\d.]+", column))
            value = values.get((panel, curve, x), values.get((panel, curve, "")))
            assert value is not None and float(cell) == pytest.approx(value, abs=6e-4)


@pytest.mark.parametrize("key", [key for key in TABLES if not key[1]], ids=" ".join)
def test_a_table_of_schemes_shows_its_data(key: tuple[str, str]) -> None:
    values, (_, *rows) = data(key[0]), cells(TABLES[key])
    schemes = list(dict.fromkeys(str(x) for _, _, x in values))
    assert len(rows) == len(schemes)
    for scheme, (_, *shown) in zip(schemes, rows, strict=True):
        places = [(panel, snr) for panel in "ab" for snr in ("0 dB", "20 dB")]
        for (panel, snr), cell in zip(places, shown, strict=False):
            found = values[panel, snr, scheme]
            assert float(cell.split(" ± ")[0]) == pytest.approx(found, abs=6e-4)
        if len(shown) > len(places):
            assert float(shown[-1].replace(",", "")) == values["c", "weights", scheme]
