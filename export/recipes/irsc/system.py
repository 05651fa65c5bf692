"""All transmitters and receivers of a scheme, and the channel between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from semradio.export.recipes.irsc.air import (
    complex_normal,
    estimation_error,
    interfere,
    noise_variance,
)
from semradio.export.recipes.irsc.cancelling import CancellingReceiver, CodedTransmitter
from semradio.export.recipes.irsc.config import Config
from semradio.export.recipes.irsc.designs import Designs
from semradio.export.recipes.irsc.filters import lmmse
from semradio.export.recipes.irsc.networks import (
    Receiver,
    Transmitter,
    TurnReceiver,
    TurnTaker,
)
from semradio.export.seeds import fresh


class System(nn.Module):
    """K transmitters and K receivers, trained together.

    The weights of user k are drawn from the seed, k and the end alone: schemes of equal networks
    begin equal.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        users = range(config.users)
        self.transmitters = nn.ModuleList(
            fresh(partial(_transmitter, config, k), config.seed, f"transmitter {k}") for k in users
        )
        self.receivers = nn.ModuleList(
            fresh(partial(_receiver, config, k), config.seed, f"receiver {k}") for k in users
        )

    def forward(
        self,
        images: Sequence[Tensor],
        snr_db: Tensor,
        source: torch.Generator,
        designs: Designs | None = None,
    ) -> list[Tensor]:
        """Send an image of each user through one draw of the channel.

        images : per user uint8[n, 28, 28].
        snr_db : float32[n, 1]; where there are designs, their SNR counts.
        source : of the channels, the noise and the errors of estimation, drawn in this order.
        designs : n channels with their precoders and filters, for 'semi_trained'.
        Returns per user float32[n, 784].
        """
        config = self.config
        if config.scheme == "interference_free":
            sent = [tx(image) for tx, image in zip(self.transmitters, images, strict=True)]
            return [rx(x) for rx, x in zip(self.receivers, sent, strict=True)]
        if config.scheme == "semi_trained":
            assert designs is not None
            x = self._sent(images)
            filtered = designs.received(x, source)
            return [rx(filtered[:, :, k]) for k, rx in enumerate(self.receivers)]
        users, rx_antennas, slots = config.users, config.rx_antennas, config.slots
        n = len(snr_db)
        h = complex_normal((n, users, users, rx_antennas, config.tx_antennas), source)
        noise = complex_normal((n, users, rx_antennas, slots), source)
        variance = noise_variance(snr_db)
        known = h
        error = estimation_error(config.csi, users, config.tx_antennas)
        if error:
            deviation = (variance * error).sqrt()[:, :, None, None, None, None]
            known = h + deviation * complex_normal(h.shape[:1] + h.shape[2:], source)
        x = self._sent(images, known)
        y = interfere(h, x) + variance.sqrt()[:, :, None, None, None] * noise
        return [self._read(k, y[:, :, k], known, snr_db) for k in range(users)]

    def _sent(self, images: Sequence[Tensor], h: Tensor | None = None) -> Tensor:
        """Return float32[n, 2, K, rows, slots]."""
        given = (h,) if self.config.csi_at_transmitter else ()
        sent = [tx(image, *given) for tx, image in zip(self.transmitters, images, strict=True)]
        return torch.stack(sent, dim=2)

    def _read(self, user: int, y: Tensor, h: Tensor, snr_db: Tensor) -> Tensor:
        scheme, receiver = self.config.scheme, self.receivers[user]
        read: Tensor
        if scheme in ("csir", "csitr"):
            read = receiver(y, h)
        elif scheme == "csi_free":
            read = receiver(y)
        elif scheme == "lmmse":
            x, _ = lmmse(y, h[:, :, user], noise_variance(snr_db), user)
            read = receiver(x)
        else:
            read = receiver(y, h[:, :, user], snr_db)
        return read


def _transmitter(config: Config, user: int) -> nn.Module:
    kind, width, slots = config.encoder, config.width, config.slots
    activation = config.activation
    if config.scheme in ("interference_free", "semi_trained"):
        return Transmitter(kind, width, config.streams, slots, activation=activation)
    if config.scheme == "tdma":
        own = slots // config.users
        inner = Transmitter(kind, width, config.tx_antennas, own, activation=activation)
        return TurnTaker(inner, user, config.users)
    if config.scheme == "csir_lmmse":
        return CodedTransmitter((width,), slots, activation)
    csi = _csi_reals(config) if config.csi_at_transmitter else 0
    return Transmitter(kind, width, config.tx_antennas, slots, csi, activation)


def _receiver(config: Config, user: int) -> nn.Module:
    kind, width, slots, users = (
        config.encoder,
        config.receiver_width,
        config.slots,
        config.users,
    )
    scheme, tx, activation = config.scheme, config.tx_antennas, config.activation
    if scheme in ("interference_free", "semi_trained"):
        return Receiver(kind, width, 2 * config.streams * slots, activation)
    if scheme == "lmmse":
        return Receiver(kind, width, 2 * tx * slots, activation)
    if scheme == "tdma":
        inner = Receiver(kind, width, 2 * tx * (slots // users) + 1, activation)
        return TurnReceiver(inner, user, users, slots)
    if scheme == "csir_lmmse":
        error = estimation_error(config.csi, users, tx)
        widths = (width, width)
        return CancellingReceiver(
            user, users, slots, widths, config.corrector_width, activation, error
        )
    csi = 0 if scheme == "csi_free" else _csi_reals(config)
    return Receiver(kind, width, 2 * config.rx_antennas * slots + csi, activation)


def _csi_reals(config: Config) -> int:
    """Real numbers in the aggregate channel of eq. (6)."""
    return 2 * config.users**2 * config.rx_antennas * config.tx_antennas
