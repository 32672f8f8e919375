import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Table, create_engine, func, select, update
from sqlalchemy.sql import sqltypes

import studiolo.server  # noqa: F401 (declares the tables of every domain)
from studiolo.ml.tables import endpoints, tags
from studiolo.processes.tables import children
from studiolo.state import Moment, State, StateUnavailable, metadata, page
from studiolo.state.migrations import REVISIONS, upgrade


def child(name: str) -> dict[str, object]:
    return {"name": name, "kind": "test", "mark": "m", "pid": 0, "log": "", "details": {}}


def test_the_migrations_build_exactly_the_tables_that_the_domains_declare(state: State) -> None:
    with state.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_what_any_version_wrote_is_there_in_this_one(tmp_path: Path) -> None:
    """A row goes into each table when its migration has made it, and is there when the last has run."""
    database = f"sqlite:///{tmp_path / 'state.db'}"
    for revision in REVISIONS:
        engine = create_engine(database)
        upgrade(engine, revision)
        there = MetaData()
        there.reflect(engine)
        with engine.begin() as connection:
            for table in there.sorted_tables:
                if not connection.scalar(select(func.count()).select_from(table)):
                    connection.execute(table.insert().values(a_row_of(table)))
        engine.dispose()
    state = State(database)
    with state.reading() as connection:
        lost = [t.name for t in metadata.sorted_tables if not connection.scalar(select(func.count()).select_from(t))]
        assert lost == []
        for table in metadata.sorted_tables:
            connection.execute(select(table)).all()  # each value can be read as what its column is now
    state.close()


DOCUMENTS: dict[str, dict[str, object]] = {
    "training_jobs": {"specification": {"recorded": {}, "channels": []}, "progress": {"transitions": []}}
}
"""What those migrations find in documents that rewrite them."""


def a_row_of(table: Table) -> dict[str, object]:
    """A value for each column that must have one; references lead to other such rows."""
    values = {
        sqltypes.Boolean: True,
        sqltypes.Integer: 1,
        sqltypes.Float: 1.0,
        sqltypes.JSON: {},
        sqltypes.LargeBinary: b"1",
    }
    return {
        column.name: next((value for kind, value in values.items() if isinstance(column.type, kind)), "1")
        for column in table.columns
        if not column.nullable
    } | DOCUMENTS.get(table.name, {})


def test_opening_a_database_again_keeps_what_is_in_it(state: State, url: str) -> None:
    with state.transaction() as tx:
        tx.execute(children.insert().values(child("a")))
    again = State(url)
    with again.reading() as connection:
        assert connection.execute(select(children.c.name)).scalars().all() == ["a"]
    again.close()


def test_a_transaction_that_raises_leaves_nothing(state: State) -> None:
    def write_and_fail() -> None:
        with state.transaction() as tx:
            tx.execute(children.insert().values(child("a")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with state.reading() as connection:
        assert connection.execute(select(func.count()).select_from(children)).scalar() == 0


def test_concurrent_read_then_write_transactions_lose_no_update(state: State) -> None:
    with state.transaction() as tx:
        tx.execute(children.insert().values(child("counter")))

    def count() -> None:
        for _ in range(20):
            with state.transaction() as tx:
                pid = tx.execute(select(children.c.pid).with_for_update()).scalar_one()
                tx.execute(update(children).values(pid=pid + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with state.reading() as connection:
        assert connection.execute(select(children.c.pid)).scalar() == 160


def test_an_acknowledged_write_survives_kill_9(url: str) -> None:
    program = (
        "import os, signal, sys\n"
        "from studiolo.processes.tables import children\n"
        "from studiolo.state import State\n"
        "state = State(sys.argv[1])\n"
        "for i in range(50):\n"
        "    with state.transaction() as tx:\n"
        "        tx.execute(children.insert().values(name=f'{i:02}', kind='t', mark='', log='', details={}))\n"
        "    print(i, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=False)
    acknowledged = killed.stdout.split()
    assert len(acknowledged) == 50, killed.stderr
    state = State(url)
    with state.reading() as connection:
        assert connection.execute(select(func.count()).select_from(children)).scalar() == 50
    state.close()


def test_pages_are_found_by_key_and_end(state: State) -> None:
    with state.transaction() as tx:
        tx.execute(children.insert(), [child(f"{i}") for i in range(5)])
    with state.reading() as connection:
        first = page(connection, select(children.c.name), children.c.name, None, 2)
        second = page(connection, select(children.c.name), children.c.name, first.next, 2)
        last = page(connection, select(children.c.name), children.c.name, second.next, 2)
        backwards = page(connection, select(children.c.name), children.c.name, "3", 2, descending=True)
    assert [[row.name for row in p.items] for p in (first, second, last)] == [["0", "1"], ["2", "3"], ["4"]]
    assert last.next is None
    assert [row.name for row in backwards.items] == ["2", "1"]


def test_a_moment_comes_back_to_the_microsecond() -> None:
    moment = datetime(2016, 1, 1, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=8)))
    kept = Moment().process_bind_param(moment, None)
    assert Moment().process_result_value(kept, None) == moment


def test_a_reset_empties_every_table_but_the_record_of_what_runs(state: State) -> None:
    with state.transaction() as tx:
        tx.execute(children.insert().values(child("a")))
        tx.execute(tags.insert().values(arn="arn", key="k", value="v"))
    state.empty()
    with state.reading() as connection:
        assert [table.name for table in metadata.sorted_tables if connection.execute(select(table)).first()] == [
            "children"
        ]


def test_a_file_that_is_no_database_is_refused_in_the_database_s_words(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("this is a letter, not a database" * 100)
    with pytest.raises(StateUnavailable, match="file is not a database"):
        State(f"sqlite:///{tmp_path / 'state.db'}")


def test_a_postgresql_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateUnavailable, match="Is the server running"):
        State(f"postgresql:///studiolo?host={tmp_path}")


@pytest.mark.parametrize("url", ["not a url", "nosuchdatabase://host/name"])
def test_a_url_of_no_known_database_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(StateUnavailable, match="SQLAlchemy URL|no driver"):
        State(url)


def test_sqlite_is_in_wal_mode(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    with create_engine(f"sqlite:///{tmp_path / 'state.db'}").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    state.close()


def test_an_endpoint_of_before_has_an_instance_id_for_each_of_its_processes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = create_engine(url)
    upgrade(engine, "0016")
    old = {"id": "d", "config": "c", "variants": [{"variant": {"instances": 2}, "model": {}, "instance": "i-1"}]}
    with engine.begin() as connection:
        moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
        row = {"account": "0", "region": "r", "name": "e", "created": moment, "changed": moment, "status": "InService"}
        connection.execute(endpoints.insert().values(**row, deployed=old))
    state = State(url)
    with state.reading() as connection:
        (deployed, desired) = connection.execute(select(endpoints.c.deployed, endpoints.c.desired)).one()
    (variant,) = deployed["variants"]
    assert (variant["instances"][0], len(variant["instances"]), desired) == ("i-1", 2, None)
    state.close()
