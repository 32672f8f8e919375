"""Bringing a database to the present schema, by Alembic."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

FOLDER = Path(__file__).parent
# Migrations are named NNNN_what_they_do.py and are a single line of descent: the last one is the present schema.
HEAD = sorted(FOLDER.glob("versions/[0-9]*.py"))[-1].name.partition("_")[0]


def upgrade(engine: Engine) -> None:
    """Run the migrations that this database has not seen, each in one transaction."""
    if _revision(engine) == HEAD:
        return
    from alembic import command  # a third of a second that most starts need not spend
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision
