"""The blocks of signal processing against the fastest way in NumPy or SciPy, and GNU Radio.

Subject: the block's own work on chunks of 8192 samples, streaming, with all the state it keeps.
Floor: of the named calls, which know nothing of the chunk before, the fastest of the round. All in
one thread and in CPU time, which others on the machine disturb less. ``--gnuradio`` adds GNU
Radio's filters of the same taps: its flowgraph of null source, filter, null sink against ours,
both with everything around them, in the CPU time of all their threads.

    python benchmarks/dsp.py [--json] [--rounds N] [--gnuradio] [--only WORD]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

CHUNK = 8192
TURN = 10
"""Chunks between two looks at the clock."""
ITEMS = 4_000_000
GNURADIO = "/usr/bin/python3"
SIZES = (17, 49, 127, 255, 1001)
"""Numbers of taps."""

SLOWER, FILTER, BESIDE_GNURADIO = 1 / 1.3, 0.9, 0.8
"""Ratios that are asked for."""


def serve() -> None:
    """In GNU Radio's Python: run the filter that each line asks for, and print its rate."""
    import numpy as np
    from gnuradio import blocks, filter, gr

    for line in sys.stdin:
        kind, size = line.split()
        taps = np.hanning(int(size) + 2)[1:-1].tolist()
        make = {"fir": filter.fir_filter_ccf, "fft": filter.fft_filter_ccf}[kind]
        graph = gr.top_block()
        source, sink = blocks.null_source(8), blocks.null_sink(8)
        graph.connect(source, blocks.head(8, ITEMS), make(1, taps), sink)
        began = process_time()
        graph.run()
        print("rate", ITEMS / (process_time() - began) / 1e6, flush=True)


def measure(options: argparse.Namespace) -> None:
    """Measure and print."""
    import numpy as np
    import scipy.fft
    import scipy.signal
    from comparison import Comparison, compare, machine, tell

    from semradio.blocks.api import Array, ItemType, find
    from semradio.flowgraphs import Flowgraph

    state = machine()
    found: list[Comparison] = []
    draw = np.random.default_rng(1)
    x = (draw.standard_normal((CHUNK, 2)) @ [1, 1j]).astype(np.complex64)
    other = x[::-1].copy()
    real = x.real.copy()
    vectors = x.reshape(-1, 1024)
    n = np.arange(CHUNK)

    def rate(steps: Callable[[int], Any], seconds: float = 0.04) -> float:
        """Msamples/s of ``steps``, which works on as many chunks as it is told."""
        count, spent = 0, 0.0
        while spent < seconds:
            began = process_time()
            steps(TURN)
            spent += process_time() - began
            count += TURN
        return count * CHUNK / spent / 1e6

    def case(
        what: str,
        name: str,
        parameters: dict[str, Any],
        inputs: Sequence[Array | None] | None,
        ways: Sequence[Callable[[], Any]],
        bar: float = SLOWER,
    ) -> None:
        if options.only and options.only not in what:
            return
        block = find(name)(**parameters)
        arrays = list(inputs or ())
        named = zip(block.inputs, arrays, strict=True)
        types = {port: ItemType.of(a) for port, a in named if a is not None}
        block.resolve(types)
        block.start()
        block.wanted = frozenset(block.outputs)
        if inputs is None:
            work = lambda k: block.work(CHUNK, k * CHUNK)  # noqa: E731
        elif any(port.count for port in block.declared_inputs):
            work = lambda k: block.work(arrays, k * len(arrays[0]))  # noqa: E731
        else:
            work = lambda k: block.work(*arrays, k * len(arrays[0]))  # noqa: E731
        # State goes on over the rounds, so the index must as well.
        passed = 0

        def steps(count: int) -> None:
            nonlocal passed
            for k in range(passed, passed + count):
                work(k)
            passed += count

        def repeated(way: Callable[[], Any]) -> Callable[[int], None]:
            def turns(count: int) -> None:
                for _ in range(count):
                    way()

            return turns

        def subject() -> float:
            return rate(steps)

        def floor() -> float:
            return max(rate(repeated(way), 0.04 / len(ways)) for way in ways)

        found.append(compare(what, "Msamples/s", bar, floor, subject, options.rounds))

    def filters(h: Array, signal: Array) -> list[Callable[[], Any]]:
        single = h.astype(signal.dtype)
        ways: list[Callable[[], Any]] = [
            lambda: scipy.signal.oaconvolve(signal, single),
            lambda: scipy.signal.fftconvolve(signal, single),
        ]
        if len(h) < 300:
            ways += [
                lambda: np.convolve(signal, single),
                lambda: scipy.signal.lfilter(single, [np.float32(1)], signal),
            ]
        return ways

    for size in SIZES:
        h = np.hanning(size + 2)[1:-1]
        taps = h.tolist()
        for label, signal in (("complex", x), ("real", real)):
            name = f"fir_filter, {size} taps, {label}"
            case(name, "fir_filter", {"taps": taps}, [signal], filters(h, signal), FILTER)
    h = np.hanning(129)[1:-1]
    single = h.astype(np.float32)
    taps = h.tolist()
    case(
        "fir_filter, 127 taps, decimation 8",
        "fir_filter",
        {"taps": taps, "decimation": 8},
        [x],
        [lambda: scipy.signal.upfirdn(single, x, 1, 8), *filters(h, x)],
        FILTER,
    )
    case(
        "fir_filter, 127 taps, interpolation 4",
        "fir_filter",
        {"taps": taps, "interpolation": 4},
        [x],
        [lambda: scipy.signal.upfirdn(single, x, 4, 1)],
        FILTER,
    )
    for up, down in ((3, 2), (3, 16)):
        block = find("rational_resampler")(interpolation=up, decimation=down)
        mine = block.taps_in_use.astype(np.float32)
        case(
            f"rational_resampler, {up}/{down}",
            "rational_resampler",
            {"interpolation": up, "decimation": down},
            [x],
            [
                lambda mine=mine, up=up, down=down: scipy.signal.upfirdn(mine, x, up, down),
                lambda up=up, down=down: scipy.signal.resample_poly(x, up, down),
            ],
        )
    case(
        "arbitrary_resampler, 0.97 / resample_poly 97/100",
        "arbitrary_resampler",
        {"rate": 0.97},
        [x],
        [lambda: scipy.signal.resample_poly(x, 97, 100)],
    )
    case(
        "frequency_shift",
        "frequency_shift",
        {"frequency": 0.123},
        [x],
        [lambda: x * np.exp(np.complex64(0.77j) * n.astype(np.float32))],
    )
    case(
        "signal_source, sine",
        "signal_source",
        {"frequency": 0.123},
        None,
        [lambda: np.exp(np.complex64(0.77j) * n.astype(np.float32))],
    )
    case(
        "signal_source, chirp",
        "signal_source",
        {"waveform": "chirp", "stop_frequency": 0.3, "sweep": 100_000},
        None,
        [lambda: np.exp(1j * scipy.signal.chirp(n, 0, CHUNK, 0.3)).astype(np.complex64)],
    )
    case(
        "noise_source",
        "noise_source",
        {},
        None,
        [lambda: draw.standard_normal(2 * CHUNK, np.float32).view(np.complex64) * np.float32(0.7)],
    )
    case("multiply", "multiply", {}, [x, other], [lambda: x * other])
    case("subtract", "subtract", {}, [x, other], [lambda: x - other])
    case("conjugate", "conjugate", {}, [x], [x.conj])
    case("add_const", "add_const", {"constant": 0.5}, [x], [lambda: x + np.complex64(0.5)])
    case("interleave", "interleave", {}, [x, other], [lambda: np.stack([x, other], 1).reshape(-1)])
    case("deinterleave", "deinterleave", {}, [x], [lambda: (x[::2].copy(), x[1::2].copy())])
    case("repeat, 4", "repeat", {"times": 4}, [x], [lambda: np.repeat(x, 4)])
    case(
        "stream_mux",
        "stream_mux",
        {"lengths": [64, 1024]},
        [x[:512].reshape(8, 64), vectors],
        [lambda: np.hstack([x[:512].reshape(8, 64), vectors]).reshape(-1)],
    )
    case(
        "automatic_gain_control / lfilter of one pole",
        "automatic_gain_control",
        {"rate": 1e-3},
        [x],
        [lambda: x * scipy.signal.lfilter([1.0], [1.0, -0.9], np.abs(x)).astype(np.float32)],
    )
    h = find("dc_blocker")().taps_in_use
    case("dc_blocker", "dc_blocker", {}, [x], filters(h, x))
    case(
        "iq_balance",
        "iq_balance",
        {"gain_db": 1.0, "phase": 3.0},
        [x],
        [
            lambda: (
                (x.real * np.float32(0.9) - x.imag * np.float32(0.05)) + np.complex64(1j) * x.imag
            )
        ],
    )
    case(
        "iq_balance, estimate",
        "iq_balance",
        {"estimate": True},
        [x],
        [
            lambda: (
                np.cov(x.real, x.imag),
                (x.real * np.float32(0.9) - x.imag * np.float32(0.05)) + np.complex64(1j) * x.imag,
            )
        ],
    )
    case(
        "power_squelch",
        "power_squelch",
        {"threshold": 0.0, "alpha": 0.01},
        [x],
        [
            lambda: np.where(
                scipy.signal.lfilter([0.01], [1, -0.99], x.real**2 + x.imag**2) > 1, x, 0
            )
        ],
    )
    case(
        "quadrature_demod",
        "quadrature_demod",
        {},
        [x],
        [lambda: np.angle(x[1:] * x[:-1].conj()) * np.float32(0.5)],
    )
    case(
        "frequency_modulator",
        "frequency_modulator",
        {"sensitivity": 0.5},
        [real],
        [lambda: np.exp(1j * np.cumsum(real * 0.5)).astype(np.complex64)],
    )
    case(
        "fm_deemphasis",
        "fm_deemphasis",
        {"sample_rate": 48e3},
        [real],
        [lambda: scipy.signal.lfilter([0.1, 0.1], [1, -0.8], real).astype(np.float32)],
    )
    window = np.hanning(1024).astype(np.float32)
    case(
        "fft, 1024, window",
        "fft",
        {"window": "hann"},
        [vectors],
        [lambda: scipy.fft.fft(vectors * window)],
    )
    case(
        "power_spectrum, 1024",
        "power_spectrum",
        {},
        [x],
        [
            lambda: scipy.signal.welch(
                x, nperseg=1024, detrend=False, return_onesided=False, window=window
            )
        ],
    )
    for size in (64, 512):
        s = x[:size].copy()
        case(
            f"correlate, {size}",
            "correlate",
            {"sequence": [str(v) for v in s]},
            [x],
            [
                lambda s=s: np.correlate(x, s),
                lambda s=s: scipy.signal.correlate(x, s, method="fft"),
                lambda s=s: scipy.signal.oaconvolve(x, s[::-1].conj()),
            ],
        )

    def errors() -> tuple[Any, ...]:
        received, sent = x.astype(np.complex128), other.astype(np.complex128)
        error = received - sent
        power = error.real**2 + error.imag**2
        sums = np.vdot(sent, sent), np.vdot(received, received), np.vdot(sent, received)
        return power.sum(), power.max(), sums

    case("evm / the same figures by NumPy", "evm", {}, [x, other], [errors])
    case(
        "snr_estimate / moments by NumPy",
        "snr_estimate",
        {},
        [x, None],
        [lambda: (np.mean(p := np.abs(x.astype(complex)) ** 2), np.mean(p * p))],
    )
    case("ccdf / histogram", "ccdf", {}, [x], [lambda: np.histogram(np.abs(x) ** 2, 1000)])
    if options.gnuradio:
        found += against_gnuradio(options, compare, Flowgraph, np)
    tell(found, options.json, state)


def against_gnuradio(options: argparse.Namespace, compare: Any, graphs: Any, np: Any) -> list[Any]:
    """Compare whole flowgraphs: source, filter, sink."""
    from semradio.blocks.filters.fir_filter import FirFilter
    from semradio.blocks.sinks.null_sink import NullSink
    from semradio.blocks.sources.null_source import NullSource

    # -P: not from this folder, where a gnuradio.py of our own stands.
    command = [GNURADIO, "-P", __file__, "--inside"]
    pipe = subprocess.PIPE
    found = []
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as inside:

        def theirs(kind: str, size: int) -> float:
            assert inside.stdin is not None and inside.stdout is not None
            print(kind, size, file=inside.stdin, flush=True)
            for line in inside.stdout:
                if line.startswith("rate"):
                    return float(line.split()[1])
            raise SystemExit("GNU Radio has failed")

        def ours(size: int) -> float:
            graph, sink = graphs("filter"), NullSink()
            taps = np.hanning(size + 2)[1:-1].tolist()
            source = NullSource(type="complex64", items=ITEMS)
            graph.connect(source, FirFilter(taps=taps), sink)
            began = process_time()
            result = graph.run(chunk=CHUNK)
            spent = process_time() - began
            if result[sink.name]["items"] != ITEMS:
                raise SystemExit("items are missing")
            return ITEMS / spent / 1e6

        for size in SIZES:
            for kind, title in (("fir", "fir_filter_ccf"), ("fft", "fft_filter_ccf")):
                found.append(
                    compare(
                        f"fir_filter, {size} taps / GNU Radio's {title}",
                        "Msamples/s",
                        BESIDE_GNURADIO,
                        lambda kind=kind, size=size: theirs(kind, size),
                        lambda size=size: ours(size),
                        options.rounds,
                    )
                )
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--gnuradio", action="store_true", help="compare with GNU Radio as well")
    parser.add_argument("--only", help="only the cases whose name has this word")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        serve()
    else:
        measure(options)


if __name__ == "__main__":
    main()
