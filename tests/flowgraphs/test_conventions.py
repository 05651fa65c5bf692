"""What channels mean by SNR, and that a model which means another is told of."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from semradio.flowgraphs.cli.check_command import command
from semradio.flowgraphs.conventions import Convention, conventions
from semradio.flowgraphs.flowgraph import Flowgraph


def of_air(file: str, *overrides: str) -> Convention:
    found = conventions(Flowgraph.load(file, overrides).check())
    return next(convention for convention in found if convention.channel == "air")


@pytest.mark.parametrize(
    ("power", "warning"),
    [
        (1.0, ""),
        ("measured", ""),
        (23.0, "sends 1: there is 13.6 dB more noise than 'snr_db' says; set 'signal_power: 1'"),
    ],
)
def test_a_frame_of_unit_energy(power: Any, warning: str) -> None:
    convention = of_air("arn_link", f"air.signal_power={power}", "frames=1")
    assert warning in convention.warning
    assert bool(warning) == bool(convention.warning)


@pytest.mark.parametrize(
    ("values_per_use", "warning"), [(6, ""), (12, "3.0 dB more noise"), (3, "3.0 dB less noise")]
)
def test_symbols_of_unit_power(values_per_use: int, warning: str) -> None:
    pytest.importorskip("skimage", reason="needs scikit-image: pip install 'semradio[demo]'")
    convention = of_air("cifar_link", f"values_per_use={values_per_use}", "air.signal_power=512")
    assert "per complex symbol" in convention.told
    assert warning in convention.warning
    assert bool(warning) == bool(convention.warning)


def test_check_prints_both() -> None:
    pytest.importorskip("skimage", reason="needs scikit-image: pip install 'semradio[demo]'")
    done = CliRunner().invoke(command, ["cifar_link", "air.signal_power=1"])
    assert done.exit_code == 0
    assert "air: SNR 10 dB for a mean power of 0.001953 per complex symbol" in done.stdout
    assert "warning: block 'air'" in done.stderr
    assert "27.1 dB less noise" in done.stderr
