"""arn.md: its tables are those of the data beside it, and the data are what the page says."""

from __future__ import annotations

import csv
import re
from collections import defaultdict

import pytest
from docs_pages import DOCS

DATA = DOCS / "figures"
PAGE = (DOCS / "arn.md").read_text(encoding="utf-8")

_TABLE = re.compile(r"(?:^\|.*\n)+", re.M)
_HEAD = re.compile(r"(arn-\w+), (Bob's MSE|Eve's accuracy|accuracy)")

Rows = dict[tuple[str, str, str], list[tuple[int, float]]]


def read(name: str) -> Rows:
    """Return value and seed of each run by panel, curve and x."""
    found: Rows = defaultdict(list)
    with (DATA / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            x = row["x"]
            found[row["panel"], row["curve"], x].append((int(row["seed"]), float(row["value"])))
    return found


def mean(rows: Rows, panel: str, curve: str, x: float | str | None) -> float:
    """Return the mean over the seeds; of a curve without x, whatever x is."""
    runs = rows.get((panel, curve, "" if x is None else str(x))) or rows[panel, curve, ""]
    return sum(value for _, value in runs) / len(runs)


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def tables() -> dict[tuple[str, str], list[list[str]]]:
    """Return the tables of measured values by figure and quantity: rows of cells."""
    found = {}
    for block in _TABLE.findall(PAGE):
        rows = [[cell.strip() for cell in row[1:-1].split("|")] for row in block.splitlines()]
        head = _HEAD.match(rows[0][0])
        if head:
            found[head[1], head[2]] = [rows[0], *rows[2:]]
    return found


TABLES = tables()
PANELS = {
    ("arn-snr", "Bob's MSE"): "a",
    ("arn-snr", "Eve's accuracy"): "b",
    ("arn-psr", "Bob's MSE"): "a",
    ("arn-psr", "Eve's accuracy"): "b",
    ("arn-adaptive", "Eve's accuracy"): "a",
    ("arn-attackers", "accuracy"): "a",
}


def test_the_tables_are_all_there() -> None:
    assert set(PANELS) == set(TABLES)


@pytest.mark.parametrize("key", PANELS, ids=" ".join)
def test_a_table_shows_its_data(key: tuple[str, str]) -> None:
    data, (head, *rows) = read(key[0]), TABLES[key]
    by_x = head[1].endswith(" dB") and "PSR" not in head[1]
    shown = 0
    for first, *cells in rows:
        for column, cell in zip(head[1:], cells, strict=True):
            if not cell:
                continue
            value, half = map(number, cell.split(" ± "))
            curve, x = (first, number(column.removesuffix(" dB"))) if by_x else (column, first)
            assert value == pytest.approx(mean(data, PANELS[key], curve, x), abs=6e-4)
            assert half >= 0
            shown += 1
    assert shown >= len(rows)


def test_every_point_has_three_seeds() -> None:
    for name in dict.fromkeys(name for name, _ in PANELS):
        for point, runs in read(name).items():
            assert sorted(seed for seed, _ in runs) == [0, 1, 2], point


def test_what_the_fixed_eve_reads() -> None:
    """The ranges that a faithful reproduction gives, wide enough for other seeds."""
    psr = read("arn-psr")

    def eve(curve: str, x: float | None) -> float:
        return mean(psr, "b", curve, x)

    plain, white, black = "unprotected", "white box", "black box"
    assert eve(plain, None) >= 0.92
    assert 0.40 <= eve(white, -10.0) <= 0.62
    assert 0.28 <= eve("white box, noise-free Eve", -10.0) <= 0.50
    assert 0.58 <= eve(black, -10.0) <= 0.84
    assert eve(white, -5.0) <= 0.25
    assert 0.03 <= eve(plain, None) - eve(white, -20.0) <= 0.14
    assert 0.30 <= eve("FGSM, white box", -10.0) <= 0.48
    for curve in (white, black, "white box, noise-free Eve", "black box, noise-free Eve"):
        over = [eve(curve, x) for x in (-20.0, -15.0, -10.0, -5.0)]
        assert over == sorted(over, reverse=True), curve
    for x in (-20.0, -15.0, -10.0, -5.0):
        assert eve(black, x) >= eve(white, x)


def test_what_bob_sees() -> None:
    psr, snr = read("arn-psr"), read("arn-snr")
    plain = mean(psr, "a", "no modules", None)
    assert plain <= 0.024
    assert mean(psr, "a", "paired, white box", -10.0) <= 1.08 * plain
    assert mean(psr, "a", "white box, Bob off", -10.0) >= 1.15 * plain
    assert mean(psr, "a", "paired, white box", -5.0) < 0.03
    for (panel, curve, x), runs in snr.items():
        if (panel, curve) == ("a", "Bob's module only"):
            without = dict(snr["a", "no modules", x])
            assert all(value < without[seed] for seed, value in runs), x


def test_no_protection_stops_an_eve_who_retrains() -> None:
    adaptive = read("arn-adaptive")
    for (_, curve, x), runs in adaptive.items():
        # A gradient attack moves the label itself, at Bob's cost; the modules do not.
        lowest = 0.6 if curve.startswith("FGSM") else 0.86
        assert min(value for _, value in runs) >= lowest, (curve, x)


def test_the_key_leaves_every_eve_at_chance() -> None:
    attackers = read("arn-attackers")
    keyed = {x: runs for (_, curve, x), runs in attackers.items() if curve == "keyed rotation"}
    assert set(keyed) == {"eve", "adaptive_eve", "big_adaptive_eve"}
    for runs in keyed.values():
        assert all(abs(value - 0.1) <= 0.03 for _, value in runs)


def test_the_measured_power_is_near_its_limit() -> None:
    with (DATA / "arn-psr.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["power.psr_db"] and row["x"]]
    assert len(rows) > 100
    off = max(abs(float(row["power.psr_db"]) - float(row["x"])) for row in rows)
    assert off <= 0.26
    assert "within 0.26 dB" in " ".join(PAGE.split())
    gains: dict[str, list[float]] = {"-5.0": [], "lower": []}
    for row in rows:
        if not row["variant"].startswith("fgsm"):
            gains["-5.0" if row["x"] == "-5.0" else "lower"].append(
                float(row["power.power_gain_db"])
            )
    assert max(map(abs, gains["lower"])) <= 0.2
    assert 0.75 <= min(gains["-5.0"]) <= max(gains["-5.0"]) <= 1.6
