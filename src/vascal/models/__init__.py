"""Learned finders: ONNX networks, their weights and model cards."""
