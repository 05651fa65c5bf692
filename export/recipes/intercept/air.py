"""What Eve hears of the colour link, with and without a key.

The link is the shipped one: the blocks ``deepjscc_encoder`` and ``deepjscc_decoder`` run its
models, so that Eve learns from what a flowgraph sends.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

from semradio.blocks.api import Array
from semradio.blocks.neural.deepjscc_decoder import DeepJsccDecoder
from semradio.blocks.neural.deepjscc_encoder import DeepJsccEncoder
from semradio.blocks.security.haar_rotation import HaarRotation
from semradio.blocks.security.real_frames import as_frames
from semradio.blocks.stream.complex_to_features import ComplexToFeatures
from semradio.export.recipes.intercept.config import Config


class Air:
    """The link from picture to symbols, and from symbols to Eve's picture.

    Raises :class:`ModelError` if its models are not there.
    """

    def __init__(self, config: Config) -> None:
        rate, snr_db = config.values_per_use, config.snr_db
        self._encode = DeepJsccEncoder(
            model=f"{config.link}/encoder", values_per_use=rate, snr_db=snr_db
        )
        self._decode = DeepJsccDecoder(
            model=f"{config.link}/decoder", values_per_use=rate, snr_db=snr_db
        )
        self._features = ComplexToFeatures()
        self._seed = config.seed
        # Per real value: half of the noise of a complex symbol of mean power 1.
        self._deviation = float(np.sqrt(0.5 / 10.0 ** (config.snr_db / 10.0)))

    def sent(self, pictures: Tensor) -> Array:
        """Return the symbols of pictures, uint8[n, 3, rows, columns], as complex64."""
        symbols: Array = self._encode(pictures.permute(0, 2, 3, 1).contiguous().numpy())
        return symbols

    def hidden(self, symbols: Array, first_frame: int) -> Array:
        """Return symbols under a rotation of their own for each frame, numbered from there on."""
        frames = as_frames(symbols.reshape(len(symbols), -1))
        # Not a secret: whoever repeats the run must get the same signals.
        key = hashlib.sha256(f"semradio intercept {self._seed}".encode()).digest()
        rotation = HaarRotation(key, session="training", size=frames.shape[1])
        turned = rotation.rotate(frames, first_frame)
        return turned.view(np.complex64).reshape(symbols.shape)

    def features(self, symbols: Array) -> Tensor:
        """Return symbols as a model takes them, float32[n, 2 symbols, rows, columns]."""
        return torch.from_numpy(self._features(symbols))

    def received(self, features: Tensor, noise: torch.Generator) -> Tensor:
        """Return features with the channel's noise."""
        return features + self._deviation * torch.randn(features.shape, generator=noise)

    def pictures(self, features: Tensor) -> Tensor:
        """Return what the receiver makes of received features: uint8[n, rows, columns, 3]."""
        parts = features.numpy()
        symbols = (parts[:, 0::2] + 1j * parts[:, 1::2]).astype(np.complex64)
        return torch.from_numpy(self._decode(symbols))
