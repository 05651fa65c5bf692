"""The link over the air with GNU Radio's channel models for the air, as users run it."""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE_S, clean_environment
from test_waveform_interop import TWO_TAPS, linear_equaliser

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.gnuradio import installation

FRAMES = 2000

AIR = {"snr_db": 10.0, "offset": 0.0, "epsilon": 1.0, "echo": 0, "late": 20}
"""No more than noise; what the program over_the_air.py is told. The channel model swallows the
first three samples, which must not be those of a burst."""


@pytest.fixture(scope="module")
def program(gnuradio: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs over_the_air.grc."""
    if shutil.which("grcc") is None:
        pytest.skip("there is no grcc: apt-get install gnuradio")
    folder = tmp_path_factory.mktemp("air")
    grc = Path(installation.__file__).parent / "over_the_air.grc"
    subprocess.run(
        ["grcc", "-o", str(folder), str(grc)],
        check=True,
        capture_output=True,
        env=clean_environment(),
        timeout=PATIENCE_S,
    )
    return [gnuradio, str(folder / "over_the_air.py")]


@pytest.fixture
def through_gnuradio(program: list[str]) -> Iterator[Callable[..., Any]]:
    """A function that runs the link through an air with some parameters."""
    running: list[subprocess.Popen[bytes]] = []

    def run(frames: int = FRAMES, **air: Any) -> Any:
        with tempfile.TemporaryDirectory(prefix="gr", dir="/tmp") as short:
            at = {name: f"ipc://{short}/{name}" for name in ("alice", "bob", "eve")}
            values = {**AIR, **air}
            values["eve_snr_db"] = values["snr_db"]
            options = [f"--{name}-at={address}" for name, address in at.items()]
            options += [f"--{key.replace('_', '-')}={value}" for key, value in values.items()]
            process = subprocess.Popen(
                [*program, *options], stderr=subprocess.DEVNULL, env=clean_environment()
            )
            running.append(process)
            given = [f"to_{'channel' if n == 'alice' else n}={a}" for n, a in at.items()]
            graph = Flowgraph.load("over_the_air_gnuradio", [f"frames={frames}", *given])
            found = graph.run(max_seconds=PATIENCE_S).results
            process.kill()
            process.wait()
            return found

    yield run
    for process in running:
        if process.returncode is None:
            process.kill()
            process.wait()


def plain(snr_db: float, frames: int = FRAMES) -> Any:
    """What the link without air gives at this SNR."""
    given = [f"frames={frames}", f"snr_db={snr_db}", "pictures.images=1"]
    graph = Flowgraph.load("arn_link", given)
    return graph.run(processes=False).results


@pytest.mark.parametrize(
    "air",
    [
        pytest.param({"snr_db": 0.0}, id="noise at 0 dB"),
        pytest.param({"snr_db": 10.0}, id="noise at 10 dB", marks=pytest.mark.slow),
        pytest.param({"snr_db": 20.0}, id="noise at 20 dB", marks=pytest.mark.slow),
        pytest.param({"snr_db": 5.0, "offset": 0.001}, id="carrier", marks=pytest.mark.slow),
        pytest.param({"snr_db": 15.0, "epsilon": 1.00002}, id="clock", marks=pytest.mark.slow),
        pytest.param({"snr_db": 10.0, "late": 1234}, id="delay", marks=pytest.mark.slow),
        pytest.param(
            {"snr_db": 20.0, "offset": 0.001, "epsilon": 1.00002, "late": 1234}, id="all of them"
        ),
    ],
)
def test_as_good_as_our_own_channel(
    through_gnuradio: Callable[..., Any], air: dict[str, Any]
) -> None:
    # Where Eve is wrong more often than not, her accuracy needs more frames to be told to a point.
    frames = 5000 if air == {"snr_db": 0.0} else FRAMES
    found, own = through_gnuradio(frames, **air), plain(air["snr_db"], frames)
    for receiver in ("receive", "eve_receive"):
        assert (found[receiver]["frames"], found[receiver]["lost"]) == (frames, 0)
    assert found["quality"]["images"] == found["leakage"]["items"] == frames
    assert found["quality"]["psnr_db"] >= own["quality"]["psnr_db"] - 0.3
    assert abs(found["leakage"]["accuracy"] - own["leakage"]["accuracy"]) <= 0.02


def test_two_taps(through_gnuradio: Callable[..., Any]) -> None:
    """What an ideal linear equaliser loses, and 0.6 dB more."""
    snr_db, echo = 12.0, TWO_TAPS[-1]
    found = through_gnuradio(snr_db=snr_db, echo=f"{echo.real}+{echo.imag}j")
    own = plain(snr_db - linear_equaliser(snr_db) - 0.6)
    assert found["receive"]["lost"] == found["eve_receive"]["lost"] == 0
    assert found["receive"]["equalised"] == math.ceil(FRAMES / 256)
    assert found["quality"]["psnr_db"] >= own["quality"]["psnr_db"]
