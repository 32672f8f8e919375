"""Transforms of a frame's fields."""

from collections.abc import Iterable, Sequence
from typing import Any

from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms.base import GlueTransform


class ApplyMapping(GlueTransform):
    """Map fields to other paths and types."""

    def __call__(
        self,
        frame: DynamicFrame,
        mappings: Iterable[Sequence[str]],
        case_sensitive: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame with the fields that the mappings name."""
        return frame.apply_mapping(mappings, case_sensitive, transformation_ctx, info, stageThreshold, totalThreshold)


class DropFields(GlueTransform):
    """Drop fields."""

    def __call__(
        self,
        frame: DynamicFrame,
        paths: str | Iterable[str],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame without the fields."""
        return frame.drop_fields(paths, transformation_ctx, info, stageThreshold, totalThreshold)


class DropNullFields(GlueTransform):
    """Drop the fields whose type is null."""

    def __call__(
        self,
        frame: DynamicFrame,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame without the fields."""
        return frame.drop_null_fields(transformation_ctx, info, stageThreshold, totalThreshold)


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


class ResolveChoice(GlueTransform):
    """Resolve fields that have values of several types."""

    def __call__(
        self,
        frame: DynamicFrame,
        specs: Iterable[tuple[str, str]] | None = None,
        choice: str = "",
        database: str | None = None,
        table_name: str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        catalog_id: str | None = None,
    ) -> DynamicFrame:
        """The frame with the choices resolved."""
        return frame.resolveChoice(
            specs, choice, database, table_name, transformation_ctx, info, stageThreshold, totalThreshold, catalog_id
        )


class SelectFields(GlueTransform):
    """Keep only some fields."""

    def __call__(
        self,
        frame: DynamicFrame,
        paths: str | Iterable[str],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame with the fields."""
        return frame.select_fields(paths, transformation_ctx, info, stageThreshold, totalThreshold)


class Unbox(GlueTransform):
    """Read a text field as a format."""

    def __call__(
        self,
        frame: DynamicFrame,
        path: str,
        format: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        **options: Any,
    ) -> DynamicFrame:
        """The frame with the field read."""
        return frame.unbox(path, format, transformation_ctx, info, stageThreshold, totalThreshold, **options)


class UnnestFrame(GlueTransform):
    """Make columns of the fields of structs."""

    def __call__(
        self,
        frame: DynamicFrame,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame without structs."""
        return frame.unnest(transformation_ctx, info, stageThreshold, totalThreshold)
