"""What GNU Radio Companion first shows of the blocks of the paired modules."""

from __future__ import annotations

from semradio.flowgraphs.systems import System

SYSTEM = System(
    first_values={
        "arn_receiver": {"model": "arn/bob"},
        "arn_transmitter": {"model": "arn/alice"},
        "eavesdropper": {"model": "arn/eve"},
        "onnx_model": {"model": "arn/encoder"},
        "semantic_decoder": {"model": "arn/decoder"},
        "semantic_encoder": {"model": "arn/encoder"},
    },
    first_types={
        "classification_metrics": {"predicted": "float32[10]", "truth": "uint8"},
        "image_sink": {"guess": "float32[10]", "label": "uint8"},
    },
)
