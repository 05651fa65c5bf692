"""Networks as blocks, run by ONNX Runtime."""
