"""The numbers of over-the-air.md: those of the code, and those of the figure's data."""

from __future__ import annotations

import csv
import math
import re

import pytest
from docs_pages import DOCS

from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.waveform import NAMED, waveform
from semradio.flowgraphs.over_the_air.figure_losses import FIGURE

PAGE = (DOCS / "over-the-air.md").read_text(encoding="utf-8")


def rows(first: str) -> list[list[str]]:
    """Return the table whose head begins with ``first``, cells of each row, without its head."""
    (table,) = [t for t in re.findall(r"(?:^\|.*\n)+", PAGE, re.M) if t.startswith(f"| {first}")]
    return [[cell.strip(" `") for cell in line[1:-1].split("|")] for line in table.splitlines()[2:]]


def test_the_waveforms() -> None:
    assert [name for name, *_ in rows("waveform")] == list(NAMED)
    for name, frames, symbols, payload, overhead in rows("waveform"):
        wave = waveform(name)
        total = layout_of(wave).symbols
        assert (int(frames), int(symbols)) == (wave.frames, total)
        assert payload == f"{wave.payload / total:.3f}"
        assert overhead == f"{10 * math.log10(total / wave.payload):.2f} dB"


def test_the_drawing_is_that_of_burst256() -> None:
    wave = waveform("burst256")
    layout = layout_of(wave)
    assert f"{layout.symbols} symbols" in PAGE
    assert layout.body - wave.preamble == 192
    drawn = ("128", "192", "64", "64")
    assert drawn == tuple(
        map(str, (wave.preamble, layout.body - wave.preamble, wave.pilot_spacing, wave.tail))
    )
    assert wave.pilots == 4 and wave.rolloff == 0.35 and wave.span == 12


@pytest.mark.parametrize(("first", "letters"), [("loss (dB)", "ab"), ("PSNR of Bob", "d")])
def test_the_losses(first: str, letters: str) -> None:
    with (DOCS / "figures" / "over-the-air.summary.csv").open(encoding="utf-8") as file:
        known = {
            (row["curve"], float(row["x"])): f"{float(row['mean']):.2f} +- {float(row['ci95']):.2f}"
            for row in csv.DictReader(file)
            if row["panel"] in letters
        }
    panels = [FIGURE.lettered[letter] for letter in letters]
    stated = {
        (curve, x): cell
        for curve, *cells in rows(first)
        for x, cell in zip(panels[0].x, cells, strict=True)
    }
    assert {key: cell.replace("-0.00 ", "0.00 ") for key, cell in known.items()} == stated


def test_the_link_budget_adds_up() -> None:
    budget = dict(rows("|"))
    numbers = [float(re.findall(r"-?[\d.]+", cell)[0]) for cell in budget.values()]
    transmit, loss, received, density, figure, noise, snr, receiver, margin = numbers
    wavelength = 299_792_458 / 433.92e6
    assert loss == pytest.approx(-20 * math.log10(4 * math.pi * 1000 / wavelength), abs=0.05)
    assert received == pytest.approx(transmit + loss, abs=0.05)
    assert noise == pytest.approx(density + figure + 10 * math.log10(250e3), abs=0.05)
    assert snr == pytest.approx(received - noise, abs=0.05)
    assert margin == pytest.approx(snr - receiver - 10, abs=0.05)
    assert 10 ** (margin / 20) == pytest.approx(27, abs=0.5)
