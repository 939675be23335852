"""Weights as ONNX, their manifest and model cards."""
