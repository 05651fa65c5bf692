"""The blocks of ``neural`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from pathlib import Path

from irsc_models import Models
from law_case import ROUNDED, Case, Cases
from law_inputs import CHANNELS, COLOURED, FRAMES, IMAGES, complex_normal

from semradio.blocks.api import Tag


def prepare(folder: Path) -> None:
    """Write the models of the interference channel."""
    models = Models(slots=2, transmitter_h="all", receiver_h="own", snr_db=True)
    models.write(folder / "irsc")
    models.but(receiver_h=None, snr_db=False).receiver(folder / "irsc" / "blind.onnx")


CASES: Cases = {
    "semantic_encoder": [Case({"model": "arn/encoder"}, [IMAGES], None, {"exact": False})],
    "arn_transmitter": [Case({"model": "arn/alice"}, [FRAMES], None, {"exact": False})],
    "arn_receiver": [
        Case({"model": "arn/bob"}, [FRAMES], None, {"exact": False}),
        Case(
            {"model": "arn/bob", "max_batch": 7},
            [FRAMES],
            None,
            {"exact": False, "tags": [Tag(9, "arn", False), Tag(30, "arn", True)]},
        ),
    ],
    "irsc_transmitter": [
        Case(
            {"model": "{tmp}/irsc/transmitter_2", "user": 1},
            [IMAGES[:40], CHANNELS],
            None,
            {"exact": False},
        ),
    ],
    "irsc_receiver": [
        Case(
            {"model": "{tmp}/irsc/receiver_2", "user": 1, "snr_db": 3.0},
            [CHANNELS[:, 0, 0], CHANNELS],
            None,
            {"exact": False},
        ),
        Case({"model": "{tmp}/irsc/blind"}, [CHANNELS[:, 0, 0], None], None, {"exact": False}),
    ],
    "deepjscc_encoder": [
        Case({"model": "deepjscc/cifar/encoder", "snr_db": 3.0}, [COLOURED], None, ROUNDED),
    ],
    "deepjscc_decoder": [
        Case(
            {"model": "deepjscc/cifar/decoder", "values_per_use": 24, "shape": [20, 15]},
            [complex_normal(9, 10, 3, 2)],
            None,
            ROUNDED,
        ),
    ],
    "semantic_decoder": [Case({"model": "arn/decoder"}, [FRAMES], None, {"exact": False})],
    "eavesdropper": [Case({"model": "arn/eve"}, [FRAMES], None, {"exact": False})],
    "onnx_model": [
        Case({"model": "arn/eve", "max_batch": 16}, [FRAMES], None, {"exact": False}),
        Case(
            {
                "model": "deepjscc/cifar/encoder",
                "told": {"snr_db": 10.0},
                "told_by": {"snr_db": "snr_db"},
            },
            [COLOURED[:, :16, :8]],
            None,
            {"exact": False, "atol": 1e-4, "tags": [Tag(3, "snr_db", -2), Tag(7, "snr_db", 4.5)]},
        ),
    ],
}
