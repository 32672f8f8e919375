"""The protobuf message of RecordIO-protobuf: package aialgs.data, as published in AWS's `record.proto`.

The descriptor is built here, in a pool of its own, so that it lives beside the SageMaker SDK's `record_pb2`
in one process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FieldType = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "aialgs.data"
_TENSORS = (
    ("Float32Tensor", _FieldType.TYPE_FLOAT),
    ("Float64Tensor", _FieldType.TYPE_DOUBLE),
    ("Int32Tensor", _FieldType.TYPE_INT32),
)
_KINDS_OF_VALUE = (
    ("float32_tensor", 2, "Float32Tensor"),
    ("float64_tensor", 3, "Float64Tensor"),
    ("int32_tensor", 7, "Int32Tensor"),
    ("bytes", 9, "Bytes"),
)


@cache
def record_class() -> Any:
    """The message class `aialgs.data.Record`."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Record"))


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="record.proto", package=_PACKAGE, syntax="proto2")
    for name, element in _TENSORS:
        tensor = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(
            (("values", element), ("keys", _FieldType.TYPE_UINT64), ("shape", _FieldType.TYPE_UINT64)), start=1
        ):
            _add(tensor, field, number, kind, repeated=True).options.packed = True
    content = file.message_type.add(name="Bytes")
    _add(content, "value", 1, _FieldType.TYPE_BYTES, repeated=True)
    _add(content, "content_type", 2, _FieldType.TYPE_STRING)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for field, number, type_name in _KINDS_OF_VALUE:
        _add(value, field, number, _FieldType.TYPE_MESSAGE, type_name=type_name).oneof_index = 0
    record = file.message_type.add(name="Record")
    _add_map(record, "features", 1, "FeaturesEntry")
    _add_map(record, "label", 2, "LabelEntry")
    for number, field in enumerate(("uid", "metadata", "configuration"), start=3):
        _add(record, field, number, _FieldType.TYPE_STRING)
    return file


def _add(
    message: descriptor_pb2.DescriptorProto,
    name: str,
    number: int,
    kind: Any,
    *,
    type_name: str | None = None,
    repeated: bool = False,
) -> descriptor_pb2.FieldDescriptorProto:
    label = _FieldType.LABEL_REPEATED if repeated else _FieldType.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, type=kind, label=label)
    if type_name:
        field.type_name = f".{_PACKAGE}.{type_name}"
    return field


def _add_map(message: descriptor_pb2.DescriptorProto, name: str, number: int, entry_name: str) -> None:
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add(entry, "key", 1, _FieldType.TYPE_STRING)
    _add(entry, "value", 2, _FieldType.TYPE_MESSAGE, type_name="Value")
    _add(message, name, number, _FieldType.TYPE_MESSAGE, type_name=f"Record.{entry_name}", repeated=True)
