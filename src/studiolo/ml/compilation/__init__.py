"""Compilation jobs: a framework's model as one of ONNX Runtime, which the same endpoints serve."""
