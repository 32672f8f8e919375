"""The data formats of SageMaker's built-in algorithms: RecordIO-protobuf, CSV and JSON."""
