"""Bringing a database to the present schema."""

from sqlalchemy import Engine

from studiolo.state.tables import metadata


def upgrade(engine: Engine) -> None:
    """Create what is missing."""
    metadata.create_all(engine)
