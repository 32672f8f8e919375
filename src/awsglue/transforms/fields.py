"""Transforms of a frame's fields."""

from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms.base import FrameTransform, GlueTransform


class ApplyMapping(FrameTransform):
    """Map fields to other paths and types."""

    method = DynamicFrame.apply_mapping


class DropFields(FrameTransform):
    """Drop fields."""

    method = DynamicFrame.drop_fields


class DropNullFields(FrameTransform):
    """Drop the fields whose type is null."""

    method = DynamicFrame.drop_null_fields


class RenameField(GlueTransform):
    """Rename a field."""

    def __call__(
        self,
        frame: DynamicFrame,
        old_name: str,
        new_name: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame with the field under its new path."""
        return frame.rename_field(old_name, new_name, transformation_ctx, info, stageThreshold, totalThreshold)


class ResolveChoice(FrameTransform):
    """Resolve fields that have values of several types."""

    method = DynamicFrame.resolveChoice


class SelectFields(FrameTransform):
    """Keep only some fields."""

    method = DynamicFrame.select_fields


class Unbox(FrameTransform):
    """Read a text field as a format."""

    method = DynamicFrame.unbox


class UnnestFrame(FrameTransform):
    """Make columns of the fields of structs."""

    method = DynamicFrame.unnest
