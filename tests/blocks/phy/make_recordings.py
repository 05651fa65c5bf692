"""Makes the recordings of test_golden_recordings.py, and what is received of them.

    python tests/blocks/phy/make_recordings.py FOLDER

The recordings in the repository are never made anew: they are there to show what has changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from burst_air import Air, transmission

from semradio.blocks.api import find
from semradio.blocks.phy import NAMED
from semradio.blocks.phy.burst_demodulator import BurstDemodulator

KINDS = {
    "clean": Air(snr_db=30, cfo=0.002, gap=(150, 300)),
    "5db": Air(snr_db=5, gap=(150, 300), amplitude=0.15),
    "multipath": Air(snr_db=25, clock_ppm=20, echo=(1.25, -8.0), gap=(150, 300)),
}
SEED = 7


def main() -> None:
    """Write recordings and arrays."""
    folder = Path(sys.argv[1])
    wave = NAMED["burst16"]
    for name, air in KINDS.items():
        sent = transmission(wave, air, 2, SEED)
        np.save(folder / "sent.npy", sent.frames.reshape(32, 23))
        sink = find("sigmf_sink")(
            file=folder / name,
            datatype="ci16_le",
            sample_rate=1e6,
            description=f"Two bursts of waveform {wave}, {name}",
        )
        sink(sent.samples[: int(sent.delays[1]) + 2500])
        samples = find("sigmf_source")(file=folder / name)()
        np.save(folder / f"{name}.npy", BurstDemodulator(waveform="burst16", frames=32)(samples))


if __name__ == "__main__":
    main()
