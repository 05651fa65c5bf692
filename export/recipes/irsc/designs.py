"""Channels with the precoders and receive filters that were designed for them, eq. (10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semradio.blocks.mimo.alignment import minmax_mse
from semradio.blocks.mimo.snr import noise_variance
from semradio.export.recipes.irsc import air
from semradio.export.recipes.irsc.air import complex_normal, interfere, multiply

_AT_ONCE = 500


@dataclass(frozen=True)
class Designs:
    """Many channels, each with its design; all complex values as planes."""

    snr_db: Tensor
    """float32[n], the SNR that each was designed for and is used at."""
    precoders: Tensor
    """V, float32[n, 2, K, Nt, d]."""
    filters: Tensor
    """U^H, float32[n, 2, K, d, Nr]."""
    effective: Tensor
    """U_k^H H_kj V_j, float32[n, 2, K, K, d, d]."""

    @classmethod
    def draw(
        cls,
        count: int,
        snr_db: Tensor,
        *,
        users: int,
        rx_antennas: int,
        tx_antennas: int,
        streams: int,
        source: torch.Generator,
    ) -> Designs:
        """Draw ``count`` channels and design for them, in equal parts for each of ``snr_db``."""
        parts = []
        for snr, share in zip(
            snr_db.tolist(), np.array_split(np.arange(count), len(snr_db)), strict=True
        ):
            for begin in range(0, len(share), _AT_ONCE):
                n = len(share[begin : begin + _AT_ONCE])
                h = complex_normal((n, users, users, rx_antennas, tx_antennas), source).cpu()
                parts.append(cls._of(h, snr, streams))
        return cls(
            *(
                torch.cat([getattr(part, name) for part in parts]).to(source.device)
                for name in cls.__dataclass_fields__
            )
        )

    @classmethod
    def _of(cls, h: Tensor, snr_db: float, streams: int) -> Designs:
        channels = (h[:, 0] + 1j * h[:, 1]).numpy()
        precoders, filters, _ = minmax_mse(channels, noise_variance(snr_db), streams)
        effective = filters[:, :, None] @ channels @ precoders[:, None]
        return cls(
            torch.full((len(h),), snr_db),
            *(
                torch.from_numpy(np.stack([a.real, a.imag], axis=1).astype(np.float32))
                for a in (precoders, filters, effective)
            ),
        )

    def __len__(self) -> int:
        return len(self.snr_db)

    def rows(self, index: Tensor) -> Designs:
        """Return the designs at ``index``, int64[m]."""
        return Designs(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def received(self, x: Tensor, source: torch.Generator) -> Tensor:
        """Return the streams behind the filters, eq. (10).

        x : float32[n, 2, K, d, slots], a frame for each design. What V makes of it is scaled down
            where its energy exceeds N_t * slots (P = 1), and never up.
        """
        n, _, users, _, rx = self.filters.shape
        tx, slots = self.precoders.shape[3], x.shape[-1]
        energy = multiply(self.precoders, x).square().sum(dim=(1, 3, 4))
        scale = (tx * slots / energy.clamp_min(1e-12)).clamp_max(1.0).sqrt()
        capped = x * scale[:, None, :, None, None]
        deviation = air.noise_variance(self.snr_db).sqrt()
        noise = complex_normal((n, users, rx, slots), source)
        noise = noise * deviation[:, None, None, None, None]
        return interfere(self.effective, capped) + multiply(self.filters, noise)
