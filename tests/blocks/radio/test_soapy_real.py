"""soapy_source and soapy_sink through SoapySDR itself, by a driver that loops samples back.

Needs what Debian has as python3-soapysdr and libsoapysdr-dev, and a compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SYSTEM = Path("/usr/lib/python3/dist-packages")

PROGRAM = """
import numpy as np
from semradio.blocks.api import ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.soapy_sink import SoapySink
from semradio.blocks.radio.soapy_source import SoapySource

device = {"args": "driver=loopback", "rate": 1e6, "frequency": 1e9}
x = (0.1 * np.exp(0.01j * np.arange(5000))).astype(np.complex64)
sink = SoapySink(**device, linger=30.0)
found = sink(x, tags=[Tag(0, "tx_sob", True), Tag(3999, "tx_eob", True)])
assert (found["items"], found["between"], found["bursts"]) == (4000, 1000, 1), found

source = SoapySource(**device)
with Harness(source, {}, 64) as harness:
    while harness.items_out < 3500:
        harness.step()
    y, tags = harness.outputs()[0], harness.tags()[0]
assert (y == np.concatenate([x[:2000], x[2500:4000]])).all()
time = [1_700_000_000, 0.25]
assert tags == [
    Tag(0, "rx_time", time), Tag(0, "rx_rate", 1e6), Tag(0, "rx_freq", 1e9),
    Tag(2000, "gap", 500), Tag(2000, "rx_time", [time[0], 0.2525]),
    Tag(2000, "rx_rate", 1e6), Tag(2000, "rx_freq", 1e9),
], tags
for change, message in (
    ({"args": "driver=nothing"}, "no match"),
    ({"antenna": "B"}, "no antenna B"),
    ({"channel": 1}, "has 1 channels"),
    ({"frequency": 1e10}, "offers 1e+06 to 6e+09"),
    ({"args": "driver=null"}, "has 0 channels"),
):
    try:
        SoapySource(**{**device, **change})(10)
    except ParameterError as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"{change} was accepted")
print("done")
"""


def test_samples_through_soapysdr(tmp_path: Path) -> None:
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    binding = next(SYSTEM.glob(f"_SoapySDR.cpython-{version}-*"), None)
    if binding is None:
        pytest.skip("needs SoapySDR for this Python: the system package python3-soapysdr")
    if shutil.which("g++") is None or not Path("/usr/include/SoapySDR/Device.hpp").exists():
        pytest.skip("needs g++ and the system package libsoapysdr-dev")
    for file in (SYSTEM / "SoapySDR.py", binding):
        (tmp_path / file.name).symlink_to(file)
    driver = tmp_path / "loopback.so"
    source = Path(__file__).with_name("loopback_driver.cpp")
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-o", driver, source, "-lSoapySDR"], check=True, timeout=300
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment["SOAPY_SDR_PLUGIN_PATH"] = str(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("done\n")
