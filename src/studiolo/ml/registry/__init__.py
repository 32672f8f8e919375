"""What is remembered of models beside themselves: packages and their groups, lineage, model cards, and a search of all."""

from studiolo.ml.registry.registry import Registry

__all__ = ["Registry"]
