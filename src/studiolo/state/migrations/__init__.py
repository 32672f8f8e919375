"""Bringing a database to the present schema, by Alembic."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

FOLDER = Path(__file__).parent
# Migrations are named NNNN_what_they_do.py and are a single line of descent: the last one is the present schema.
REVISIONS = sorted(path.name.partition("_")[0] for path in FOLDER.glob("versions/[0-9]*.py"))
HEAD = REVISIONS[-1]


class UnknownRevision(Exception):
    """The database has a schema that this version does not know: a newer version made it."""


def upgrade(engine: Engine, to: str = HEAD) -> bool:
    """Run the migrations up to one that this database has not seen, each in one transaction; whether it had seen any.

    Raises UnknownRevision.
    """
    revision = _revision(engine)
    if revision == to:
        return True
    if revision is not None and revision not in REVISIONS:
        raise UnknownRevision(f"its schema is {revision}, and this version knows those up to {HEAD}")
    from alembic import command  # a third of a second that most starts need not spend
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    command.upgrade(config, to)
    return revision is not None


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision
