"""The model card: what a model file says about itself.

A card is JSON text in the ONNX file's ``metadata_props`` under the key ``semradio.card``. Whoever
trains a model writes it, blocks read it to check that the model fits its place in the flowgraph,
and people read it to learn how far the numbers can be trusted. Nothing here needs torch or onnx.
"""

from __future__ import annotations

import math

import msgspec

from semradio.blocks.errors import ModelError

METADATA_KEY = "semradio.card"
"""Key of the card in an ONNX file's ``metadata_props``."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts about one model file.

    Only ``name`` and ``role`` are required. A reader ignores fields that it does not know, so a
    card may be extended without breaking older readers.

    Raises :class:`ModelError` if a number in ``metrics`` or ``parity`` is not finite, because
    JSON has no word for it, and if ``user`` is none of the ``users``.
    """

    name: str
    """Name of the model, family first: ``arn/encoder``."""
    role: str
    """The place in a link that the model fills: ``semantic_encoder``, ``arn_transmitter``, ..."""
    system: str = ""
    """Models of one system were trained together and belong together: ``arn``."""
    summary: str = ""
    """What the model does, in a sentence or two, with its limits."""
    inputs: dict[str, str] = {}
    """Meaning of each input, by the name that it has in the graph."""
    outputs: dict[str, str] = {}
    """Meaning of each output, by the name that it has in the graph."""
    axes: dict[str, tuple[str, ...]] = {}
    """Order of the axes of inputs and outputs after the batch: ``h: (re_im, receiver, transmitter,
    rx_antenna, tx_antenna)``. Where a model takes complex numbers as planes, ``re_im`` is the axis
    of the planes, the real one first. Nothing in a tensor's shape tells a swapped order."""
    users: int | None = None
    """Transmitter-receiver pairs K of the link that the model was trained for."""
    user: int | None = None
    """Which of them the model serves, counted from 0."""
    power_normalisation: str = ""
    """How the power of the transmitted signal is fixed; empty where that has no meaning."""
    snr_db: float | None = None
    """Signal-to-noise ratio in dB that the model was trained at; ``None``: no noise or not told."""
    dataset: str = ""
    """Data set that the model was trained on."""
    split: str = ""
    """Which part of the data set trained, validated and measured the model."""
    seed: int | None = None
    """Seed of weights, batches and noise."""
    metrics: dict[str, float] = {}
    """Measured figures, ``set.figure`` (``heldout.bob_mse``), all taken at the SNR ``snr_db``."""
    parity: dict[str, float] = {}
    """Largest absolute difference, per output, between the ONNX file and the trained network."""
    parameters: int | None = None
    """Number of trained weights."""
    architecture: str = ""
    """The network in words."""
    source: str = ""
    """Publication and equation that the model implements."""
    licence: str = ""
    """Licence of the weights."""
    versions: dict[str, str] = {}
    """Versions of the programs that made the file."""
    created: str | None = None
    """Date of making, ISO 8601; left out by default so that equal models are equal files."""

    def __post_init__(self) -> None:
        for group, figures in (("metrics", self.metrics), ("parity", self.parity)):
            for key, value in figures.items():
                if not math.isfinite(value):
                    raise ModelError(f"model card '{self.name}': {group} '{key}' is {value}")
        if self.user is not None and not 0 <= self.user < (self.users or self.user + 1):
            raise ModelError(
                f"model card '{self.name}': user {self.user}, counted from 0, of {self.users}"
            )

    def to_json(self) -> str:
        """Return the card as JSON text; fields that hold their default are left out."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> ModelCard:
        """Read a card from JSON text.

        Raises :class:`ModelError` if the text is not JSON or a known field has the wrong type.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise ModelError(f"the model card cannot be read: {error}") from error
