"""Train networks, measure them and export them as ONNX files that blocks run.

The parts that need torch are imported on first use, so that this package, and the trained models
in :mod:`semradio.export.zoo`, can be imported where torch is not installed.
"""
