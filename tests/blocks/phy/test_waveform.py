"""Waveforms: by name, by file, and by the hash that both ends compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ParameterError
from semradio.blocks.phy import NAMED, Waveform, waveform
from semradio.blocks.phy import sequences as known
from semradio.blocks.phy.burst_layout import layout_of


def test_names() -> None:
    assert waveform("burst256") == Waveform() and waveform("burst256").name == "burst256"
    assert waveform("burst64").frames == 64
    other = waveform("burst64:complex64[2,16]")
    assert (other.frames, other.reals, other.payload) == (64, 64, 64 * 32)
    assert other.item_type.shape == (2, 16)


def test_a_hash_never_changes() -> None:
    """Recordings carry it."""
    assert [NAMED[name].hash for name in ("burst256", "burst64", "burst16")] == HASHES


HASHES = ["f13da", "24776", "c373c"]


@pytest.mark.parametrize(
    "change",
    [
        {"item": "float32[24]"},
        {"item": "complex64[23]"},
        {"frames": 255},
        {"samples_per_symbol": 2},
        {"rolloff": 0.36},
        {"span": 14},
        {"preamble": 96},
        {"pilot_spacing": 63},
        {"pilots": 5},
        {"tail": 48},
        {"energy": 2.0},
    ],
)
def test_every_field_is_in_the_hash(change: dict[str, Any]) -> None:
    assert Waveform(**change).hash != Waveform().hash
    assert Waveform(name="other").hash == Waveform().hash


def test_overhead() -> None:
    """0.8 dB of energy at most, and 83 % of the symbols are payload."""
    layout, wave = layout_of(NAMED["burst256"]), NAMED["burst256"]
    assert wave.payload / layout.symbols >= 0.83
    assert 10 * np.log10(layout.symbols / wave.payload) <= 0.8


def test_positions_cover_a_burst() -> None:
    for wave in (*NAMED.values(), Waveform(frames=3, item="float32[5]", pilots=7, preamble=224)):
        layout = layout_of(wave)
        tail = np.arange(layout.tail_at, layout.symbols)
        places = [np.arange(layout.body), layout.payload_at, layout.pilots_at.reshape(-1), tail]
        assert sorted(np.concatenate(places).tolist()) == list(range(layout.symbols))
        assert len(tail) == wave.tail
        assert layout.known_size.sum() == layout.symbols - wave.payload
        assert sorted(layout.order.tolist()) == list(range(wave.payload))


@pytest.mark.parametrize("size", [96, 128, 192, 224])
def test_the_preambles_segments_cancel_a_frequency_offset(size: int) -> None:
    """The products of neighbours, with their signs, all point the same way, at any offset."""
    signs = known.barker(size)
    for cfo in (-0.02, 0.0, 0.013):
        x = known.preamble(size) * np.exp(2j * np.pi * cfo * np.arange(size))
        parts = x.reshape(-1, 16) @ known.BASE.conj()
        products = parts[1:] * parts[:-1].conj() * signs
        np.testing.assert_allclose(
            np.angle(products * np.exp(-2j * np.pi * 16 * cfo)), 0, atol=1e-9
        )
    off = np.abs(np.delete(np.correlate(signs, signs, "full"), len(signs) - 1))
    assert off.max() <= 1


def test_base_sequences() -> None:
    for base, most in ((known.BASE, 2.3), (known.TAIL_BASE, 1.8)):
        found = np.abs(np.delete(np.correlate(base, base, "full"), 15))
        assert found.max() < most
    for cfo in np.linspace(-0.025, 0.025, 11):
        turn = np.exp(2j * np.pi * cfo * np.arange(16))
        assert 0.5 < abs(np.sum(known.BASE**2 * turn)) / 16 < 0.62
    assert np.abs(np.correlate(known.BASE, known.TAIL_BASE, "full")).max() < 10


def test_random_sequences_never_change() -> None:
    assert known.signs("pilots", 8).tolist() == SIGNS
    assert known.permutation("payload", 8).tolist() == ORDER


SIGNS = [1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0]
ORDER = [5, 2, 1, 0, 4, 7, 6, 3]


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "wide.yml"
    file.write_text("# two samples\nitem: complex64[16]\nframes: 10\nrolloff: 1\nenergy: 2\n")
    wave = waveform(str(file))
    assert wave == Waveform(item="complex64[16]", frames=10, rolloff=1.0, energy=2.0)
    assert wave.name == "wide" and isinstance(wave.rolloff, float)
    (tmp_path / "empty.yml").write_text("")
    assert waveform(str(tmp_path / "empty.yml")) == Waveform()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame: 10", "no field 'frame' .did you mean 'frames'"),
        ("frames: ten", "'frames' must be int, not 'ten'"),
        ("frames: true", "'frames' must be int, not True"),
        ("frames: 0", "'frames' must be 1 to 2047, not 0"),
        ("samples_per_symbol: 3", "'samples_per_symbol' must be 2, 4 or 8, not 3"),
        ("rolloff: 0", "'rolloff' must be 0.1 to 1"),
        ("span: 7", "'span' must be even"),
        ("preamble: 100", "'preamble' must be 96, 128, 192 or 224"),
        ("tail: 40", "'tail' must be 32 to 512 and a multiple of 16"),
        ("item: float64[3]", "'item' must be float32"),
        ("item: float32[", "'item': 'float32.' is not an item type"),
        ("item: 'float32[3000]'", "more than the 65536 values"),
        ("energy: .nan", "'energy' must be"),
        ("pilots: 0", "'pilots' must be 1 to 64"),
        ("[1, 2]", "must hold fields"),
        ("a: [", "cannot be read: "),
        ("frames: 1\nframes: 2", "cannot be read: "),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "own.yml"
    file.write_text(text)
    with pytest.raises(ParameterError, match=message) as refused:
        waveform(str(file))
    assert refused.value.parameter == "waveform"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("burst265", "no waveform 'burst265' .did you mean 'burst256'"),
        ("none.yml", "'none.yml' cannot be read: No such file"),
        ("burst64:int8", "'item' must be float32"),
        ("burst64:", "'item': '' is not an item type"),
    ],
)
def test_a_wrong_name(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        waveform(text)
