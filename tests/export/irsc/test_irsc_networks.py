"""Transmitters and receivers: energy, shapes, what each is told."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.blocks.errors import ParameterError
from semradio.export.recipes import recipe_named
from semradio.export.recipes.irsc.config import Config
from semradio.export.recipes.irsc.designs import Designs
from semradio.export.recipes.irsc.system import System
from semradio.export.recipes.irsc.variants import VARIANTS, name_of

SMALL: dict[str, Any] = {"width": 16, "receiver_width": 16}
SCHEMES = ("csir", "csitr", "csi_free", "interference_free", "semi_trained", "lmmse", "tdma")


def images(count: int = 6, users: int = 2) -> list[torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    return [
        torch.randint(0, 256, (count, 28, 28), generator=source, dtype=torch.uint8)
        for _ in range(users)
    ]


def designs_for(config: Config, count: int) -> Designs | None:
    if config.scheme != "semi_trained":
        return None
    return Designs.draw(
        count,
        torch.tensor([10.0]),
        users=config.users,
        rx_antennas=config.rx_antennas,
        tx_antennas=config.tx_antennas,
        streams=config.streams,
        source=torch.Generator().manual_seed(0),
    )


@pytest.mark.parametrize("scheme", [*SCHEMES, "csir_lmmse"])
def test_every_scheme_sends_frames_of_full_energy_and_gives_images(scheme: Any) -> None:
    config = Config(scheme=scheme, streams=1, **SMALL)
    system = System(config)
    h = torch.randn(6, 2, 2, 2, 2, 2)
    for image, transmitter in zip(images(), system.transmitters, strict=True):
        x = transmitter(image, h) if scheme == "csitr" else transmitter(image)
        rows = 1 if scheme in ("interference_free", "semi_trained") else 2
        assert x.shape == (6, 2, rows, 16)
        torch.testing.assert_close(
            x.square().sum(dim=(1, 2, 3)), torch.full((6,), rows * 16.0), rtol=1e-4, atol=0.0
        )
    read = system(
        images(), torch.full((6, 1), 10.0), torch.Generator().manual_seed(0), designs_for(config, 6)
    )
    assert [one.shape for one in read] == [(6, 784)] * 2
    assert all(bool(one.isfinite().all()) for one in read)


def test_users_who_take_turns_never_sound_at_once() -> None:
    system = System(Config(scheme="tdma", **SMALL))
    first, second = (tx(image) for tx, image in zip(system.transmitters, images(), strict=True))
    assert bool((first[..., 8:] == 0).all())
    assert bool((second[..., :8] == 0).all())
    with pytest.raises(ParameterError, match="3 users cannot share 16 slots"):
        Config(scheme="tdma", users=3)


def test_a_user_hears_nothing_of_one_who_takes_the_other_turn() -> None:
    system = System(Config(scheme="tdma", **SMALL))
    sent = images()
    draws = [torch.Generator().manual_seed(3) for _ in range(2)]
    snr_db = torch.full((6, 1), 10.0)
    one = system(sent, snr_db, draws[0])[0]
    other = system([sent[0], 255 - sent[1]], snr_db, draws[1])[0]
    torch.testing.assert_close(one, other)


def test_the_residual_encoder_has_the_interface_of_the_dense_one() -> None:
    system = System(Config(encoder="residual", **SMALL))
    read = system(images(), torch.full((6, 1), 0.0), torch.Generator().manual_seed(0))
    assert [one.shape for one in read] == [(6, 784)] * 2


def test_schemes_of_equal_networks_begin_with_equal_weights() -> None:
    one, other = (System(Config(scheme=s, **SMALL)) for s in ("csir", "csi_free"))
    for a, b in zip(one.transmitters.parameters(), other.transmitters.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(
        one.transmitters[0].jsc_encoder.weight, one.transmitters[1].jsc_encoder.weight
    )


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_variant_knows_its_name_whatever_the_seed(name: str) -> None:
    config = recipe_named("irsc").config(name, seed=7)
    assert isinstance(config, Config)
    assert name_of(config) == name


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ParameterError, match="above 'high_snr_db'"):
        Config(low_snr_db=10.0, high_snr_db=5.0)
    with pytest.raises(ParameterError, match="names none"):
        Config(datasets=())
