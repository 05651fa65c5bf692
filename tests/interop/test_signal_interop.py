"""Signal processing against GNU Radio's blocks of the same names and parameters."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Array, ItemType, Tag, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.filters import tap_design

HERE = Path(__file__).parent
N = 4000

rng = np.random.default_rng(7)
IQ = (rng.standard_normal(N) + 1j * rng.standard_normal(N)).astype(np.complex64)
INPUTS = {
    "iq": IQ,
    "other": IQ[::-1].copy(),
    "reals": rng.standard_normal(N).astype(np.float32),
    "vectors": IQ.reshape(-1, 50),
    "gusts": (IQ * np.repeat(rng.uniform(0, 1, 40) ** 3, N // 40)).astype(np.complex64),
    "tone": (0.8 * np.exp(0.05j * np.arange(N))).astype(np.complex64),
    "ramps": (np.linspace(0.1, 3, N) * np.exp(0.3j * np.arange(N))).astype(np.complex64),
    "qpsk": (
        np.exp(1j * np.pi / 4 * (1 + 2 * rng.integers(0, 4, 40_000)))
        + 0.2 * np.sqrt(0.5) * (rng.standard_normal((40_000, 2)) @ [1, 1j])
    ).astype(np.complex64),
}
TAPS = rng.standard_normal(31).tolist()
LONG = rng.standard_normal(300).tolist()
COMPLEX = [str(complex(a, b)) for a, b in rng.standard_normal((21, 2)).round(3)]
ARBITRARY = (64 * np.asarray(tap_design.low_pass(1, 64, 0.5, 0.2, "kaiser", 7.857))).tolist()


@dataclass
class Job:
    """A flowgraph of GNU Radio's."""

    make: str
    args: list[Any]
    inputs: list[str] = field(default_factory=list)
    type: str = "complex64"
    outputs: int = 1
    items: int = N
    tags: list[tuple[int, str]] = field(default_factory=list)


RESAMPLERS = {"up": (3, 2, []), "down": (5, 12, []), "with_taps": (4, 7, TAPS)}
for _name, (_i, _d, _taps) in RESAMPLERS.items():
    # GNU Radio has no zeros before the stream here: they stand in it.
    _count = len(_taps or tap_design.resampler_taps(_i, _d))
    INPUTS[_name] = np.concatenate([np.zeros(-(-_count // _i) - 1, np.complex64), IQ])

MARKS = [(k, f"tag{k}") for k in (0, 1, 7, 13, 500, 1000, 2222)]

FILTERS: dict[str, tuple[Job, str, dict[str, Any]]] = {
    # name: GNU Radio's, ours, ours' parameters
    "fir_ccf": (Job("fir_ccf", [1, TAPS], ["iq"]), "fir_filter", {"taps": TAPS}),
    "fir_fff": (
        Job("fir_fff", [3, TAPS], ["reals"], "float32", tags=MARKS),
        "fir_filter",
        {"taps": TAPS, "decimation": 3},
    ),
    "fir_ccc": (
        Job("fir_ccc", [4, COMPLEX], ["iq"], tags=MARKS),
        "fir_filter",
        {"taps": COMPLEX, "decimation": 4},
    ),
    "fir_fcc": (Job("fir_fcc", [1, COMPLEX], ["reals"]), "fir_filter", {"taps": COMPLEX}),
    "fft_ccf": (
        Job("fft_ccf", [2, LONG], ["iq"]),
        "fir_filter",
        {"taps": LONG, "decimation": 2, "method": "fft"},
    ),
    "interp": (
        Job("interp_fir_ccf", [5, TAPS], ["iq"], tags=MARKS),
        "fir_filter",
        {"taps": TAPS, "interpolation": 5},
    ),
    "dc_long": (Job("dc_blocker", [32, True], ["ramps"]), "dc_blocker", {}),
    "dc_short": (
        Job("dc_blocker", [16, False], ["ramps"], tags=MARKS),
        "dc_blocker",
        {"length": 16, "long_form": False},
    ),
    "rotator": (
        Job("rotator", [2 * math.pi * 0.123], ["iq"]),
        "frequency_shift",
        {"frequency": 0.123},
    ),
    "agc": (
        Job("agc_cc", [1e-2, 1.0, 1.0, 65536.0], ["ramps"]),
        "automatic_gain_control",
        {"rate": 1e-2},
    ),
    "agc_limited": (
        Job("agc_ff", [0.05, 0.7, 0.1, 1.3], ["reals"], "float32"),
        "automatic_gain_control",
        {"rate": 0.05, "reference": 0.7, "gain": 0.1, "max_gain": 1.3},
    ),
    "squelch": (
        Job("squelch_cc", [-6.0, 0.05, 0], ["gusts"]),
        "power_squelch",
        {"threshold": -6.0, "alpha": 0.05},
    ),
    "squelch_ramp": (
        Job("squelch_cc", [-6.0, 0.05, 13], ["gusts"]),
        "power_squelch",
        {"threshold": -6.0, "alpha": 0.05, "ramp": 13},
    ),
    "modulator": (
        Job("modulator", [0.7], ["reals"]),
        "frequency_modulator",
        {"sensitivity": 0.7},
    ),
    "demod": (
        Job("quadrature_demod", [2.5], ["iq"], "float32"),
        "quadrature_demod",
        {"gain": 2.5},
    ),
    "deemphasis": (
        Job("deemphasis", [48000.0, 75e-6], ["reals"], "float32"),
        "fm_deemphasis",
        {"sample_rate": 48000.0},
    ),
    "fft": (
        Job("fft", [50, True, "hann", True], ["vectors"]),
        "fft",
        {"window": "hann", "shift": True},
    ),
    "fft_plain": (Job("fft", [50, True, "", False], ["vectors"]), "fft", {}),
    "fft_back": (
        Job("fft", [50, False, "", True], ["vectors"]),
        "fft",
        {"forward": False, "shift": True},
    ),
    "repeat": (Job("repeat", [3], ["iq"], tags=MARKS), "repeat", {"times": 3}),
    "conjugate": (Job("conjugate", [], ["iq"]), "conjugate", {}),
    "add_const": (Job("add_const", ["(1-2j)"], ["iq"]), "add_const", {"constant": "1-2j"}),
    "deinterleave": (
        Job("deinterleave", [4], ["iq"], outputs=2),
        "deinterleave",
        {"blocksize": 4},
    ),
    "interleave": (Job("interleave", [4], ["iq", "other"]), "interleave", {"blocksize": 4}),
    "multiply": (Job("multiply", [], ["iq", "other"]), "multiply", {}),
    "subtract": (Job("subtract", [], ["iq", "other"]), "subtract", {}),
}

CLOSE = {
    # Arc tangents from a table; single precision that adds up; a gain in single precision.
    "demod": 2e-3,
    "rotator": 2e-5,
    "modulator": 1e-3,
    "dc_long": 2e-5,
    "dc_short": 2e-5,
    "agc": 2e-5,
    "agc_limited": 2e-5,
}

DESIGNS = {
    "low": ["low_pass", 2.0, 48e3, 5e3, 1e3, "hamming", 6.76],
    "low_kaiser": ["low_pass", 1.0, 48e3, 5e3, 1e3, "kaiser", 5.0],
    "high": ["high_pass", 1.0, 48e3, 5e3, 2e3, "hann", 6.76],
    "band": ["band_pass", 1.0, 48e3, 5e3, 8e3, 1e3, "blackman", 6.76],
    "reject": ["band_reject", 0.5, 48e3, 5e3, 8e3, 1e3, "hamming", 6.76],
}
RRC = {
    "rrc": [1.0, 4.0, 1.0, 0.35, 45],
    "rrc_edge": [2.0, 4.0, 1.0, 0.5, 44],
    "rrc_odd": [1.0, 2.5, 1.0, 0.22, 61],
}
WAVES = {
    f"{kind}_{dtype}": [kind, 1000.0, 37.0, 0.7, 0.1, 0.4, dtype]
    for kind in ("sine", "cosine", "square", "triangle", "sawtooth", "constant")
    for dtype in ("complex64", "float32")
}


@pytest.fixture(scope="module")
def found(gnuradio: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What GNU Radio gives for all jobs, in one process: outputs and tags by name."""
    folder = tmp_path_factory.mktemp("signal")
    jobs = {name: job for name, (job, _, _) in FILTERS.items()}
    jobs |= {name: Job("firdes", args) for name, args in DESIGNS.items()}
    jobs |= {name: Job("rrc", args) for name, args in RRC.items()}
    jobs |= {name: Job("wave", args) for name, args in WAVES.items()}
    for name, (i, d, taps) in RESAMPLERS.items():
        made = ("rational_taps", [i, d, taps]) if taps else ("rational", [i, d])
        jobs[name] = Job(*made, [name])
        jobs[f"{name}_tags"] = Job(*made, ["iq"], tags=MARKS)
    jobs["iqbal"] = Job("iqbal", [2.0, 7.0], ["iq"])
    jobs["arbitrary"] = Job("arbitrary", [1.2345, ARBITRARY], ["tone"], tags=MARKS)
    jobs["m2m4"] = Job("m2m4", [0.0005], ["qpsk"])
    for name, x in INPUTS.items():
        np.save(folder / f"{name}.npy", x)
    (folder / "jobs.json").write_text(json.dumps({k: asdict(job) for k, job in jobs.items()}))
    subprocess.run(
        [gnuradio, str(HERE / "signal_peer.py"), str(folder)],
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )
    tags = json.loads((folder / "tags.json").read_text())
    return {
        name: (list(np.load(folder / f"{name}.npz").values()), [tuple(t) for t in tags[name]])
        for name in jobs
    }


def ours(name: str, parameters: dict[str, Any], inputs: list[Array], tags: list[Tag]) -> Any:
    """Run one of our blocks; returns its outputs and the tags of the first."""
    block = find(name)(**parameters)
    types = {port: ItemType.of(x) for port, x in zip(block.inputs, inputs, strict=True)}
    with Harness(block, types) as harness:
        harness.push(*inputs, tags=tags)
        harness.end()
        return harness.outputs(), harness.tags()[0]


@pytest.mark.parametrize("name", FILTERS)
def test_values_and_tags(name: str, found: dict[str, Any]) -> None:
    job, block, parameters = FILTERS[name]
    theirs, their_tags = found[name]
    tags = [Tag(i, key, None) for i, key in job.tags]
    outputs, our_tags = ours(block, parameters, [INPUTS[x] for x in job.inputs], tags)
    assert len(outputs) == len(theirs)
    for output, want in zip(outputs, theirs, strict=True):
        y = output.reshape(-1)
        # GNU Radio leaves out what is still in its buffers at the end.
        assert 0.7 * len(y) < len(want) <= len(y) + 1
        n = min(len(y), len(want))
        scale = float(np.abs(want).max())
        error = np.abs(y[:n] - want[:n])
        if name == "demod":
            # Plus and minus half a turn are the same.
            error = np.minimum(error, abs(error - 2 * np.pi * 2.5))
        assert error.max() <= CLOSE.get(name, 2e-6) * scale
    if job.tags:
        assert [(t.index, t.key) for t in our_tags] == their_tags


@pytest.mark.parametrize("name", RESAMPLERS)
def test_rational_resampler(name: str, found: dict[str, Any]) -> None:
    i, d, taps = RESAMPLERS[name]
    tags = [Tag(index, key, None) for index, key in MARKS]
    parameters = {"interpolation": i, "decimation": d, "taps": taps}
    (y,), our_tags = ours("rational_resampler", parameters, [IQ], tags)
    (want,), _ = found[name]
    n = min(len(y), len(want))
    assert n > 0.95 * len(y) == 0.95 * -(-N * i // d)
    np.testing.assert_allclose(y[:n], want[:n], atol=2e-6 * abs(want).max())
    assert [(t.index, t.key) for t in our_tags] == found[f"{name}_tags"][1]


def test_squelch_tags(found: dict[str, Any]) -> None:
    for name in ("squelch", "squelch_ramp"):
        _, theirs = found[name]
        _, block, parameters = FILTERS[name]
        _, tags = ours(block, parameters, [INPUTS["gusts"]], [])
        # GNU Radio tags the sample after the first one that passes unweakened.
        late = 1 + parameters.get("ramp", 0)
        moved = [(t.index + late * (t.key == "squelch_sob"), t.key) for t in tags]
        assert len(theirs) > 4
        assert sorted(moved) == theirs


@pytest.mark.parametrize("name", DESIGNS)
def test_designs(name: str, found: dict[str, Any]) -> None:
    kind, *args = DESIGNS[name]
    taps = getattr(tap_design, kind)(*args)
    want = found[name][0][0]
    assert len(taps) == len(want)
    np.testing.assert_allclose(taps, want, atol=2e-7)


@pytest.mark.parametrize("name", RRC)
def test_root_raised_cosine(name: str, found: dict[str, Any]) -> None:
    taps = tap_design.root_raised_cosine(*RRC[name])
    want = found[name][0][0]
    assert len(taps) == len(want)
    np.testing.assert_allclose(taps, want, atol=2e-7)


@pytest.mark.parametrize("name", WAVES)
def test_waves(name: str, found: dict[str, Any]) -> None:
    kind, rate, frequency, amplitude, offset, phase, dtype = WAVES[name]
    y = find("signal_source")(
        waveform=kind,
        sample_rate=rate,
        frequency=frequency,
        amplitude=amplitude,
        offset=offset,
        phase=phase,
        type=dtype,
    )(N)
    error = np.abs(y - found[name][0][0])
    # An edge may fall on the next sample: GNU Radio's phase is in single precision.
    assert np.count_nonzero(error > 2e-3) <= (N // 50 if kind in ("square", "sawtooth") else 0)
    assert np.median(error) < 1e-3


def test_iq_imbalance_of_gnuradio_goes_away(found: dict[str, Any]) -> None:
    (received,), _ = found["iqbal"]
    y = find("iq_balance")(gain_db=2.0, phase=7.0)(received.astype(np.complex64))
    gain = np.vdot(IQ[: len(y)], y) / np.vdot(IQ[: len(y)], IQ[: len(y)])
    error = y / gain - IQ[: len(y)]
    assert 10 * np.log10(np.mean(abs(error) ** 2) / 2) < -100


def test_arbitrary_resampler(found: dict[str, Any]) -> None:
    """Both follow a tone; GNU Radio's 64 arms are good for about -70 dB."""
    (theirs,), their_tags = found["arbitrary"]
    (y,), tags = ours(
        "arbitrary_resampler",
        {"rate": 1.2345},
        [INPUTS["tone"]],
        [Tag(i, k, None) for i, k in MARKS],
    )
    assert 0 <= len(y) - len(theirs) < 40
    n = min(len(y), len(theirs))
    a, b = y[100:n], theirs[100:n]
    turn = np.vdot(b, a) / np.vdot(b, b)
    assert abs(abs(turn) - 1) < 2e-3
    assert np.abs(a - turn * b).max() < 2e-3
    for tag, (index, key) in zip(tags, their_tags, strict=False):
        assert tag.key == key
        assert abs(tag.index - index) <= 1


def test_snr_estimate(found: dict[str, Any]) -> None:
    """GNU Radio's sliding mean of 2000 symbols sees about what ours sees over all."""
    theirs = float(found["m2m4"][0][0][0])
    mine = find("snr_estimate")()(INPUTS["qpsk"])["snr_db"]
    assert mine == pytest.approx(theirs, abs=0.4)
    assert mine == pytest.approx(20 * math.log10(5), abs=0.2)
